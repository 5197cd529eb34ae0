# fish completion for nsenter; rendered from the option table.
function __ns_tools_processes
    sh -c 'for process in /proc/[0-9]*; do
    read -r command < "$process/comm" && printf "%s\t%s\n" "${process#/proc/}" "$command"
done | LC_ALL=C tr -c "\n\t -~" "?"' sh (commandline -opc) $argv 2>/dev/null
end
function __ns_tools_mnt_namespaces
    sh -c 'while read -r id parent device root place rest; do
    case $root in mnt:*) printf "%s\t%s\n" "$place" "$root" ;; esac
done < /proc/self/mountinfo' sh (commandline -opc) $argv 2>/dev/null
end
function __ns_tools_uts_namespaces
    sh -c 'while read -r id parent device root place rest; do
    case $root in uts:*) printf "%s\t%s\n" "$place" "$root" ;; esac
done < /proc/self/mountinfo' sh (commandline -opc) $argv 2>/dev/null
end
function __ns_tools_ipc_namespaces
    sh -c 'while read -r id parent device root place rest; do
    case $root in ipc:*) printf "%s\t%s\n" "$place" "$root" ;; esac
done < /proc/self/mountinfo' sh (commandline -opc) $argv 2>/dev/null
end
function __ns_tools_net_namespaces
    sh -c 'while read -r id parent device root place rest; do
    case $root in net:*) printf "%s\t%s\n" "$place" "$root" ;; esac
done < /proc/self/mountinfo' sh (commandline -opc) $argv 2>/dev/null
end
function __ns_tools_pid_namespaces
    sh -c 'while read -r id parent device root place rest; do
    case $root in pid:*) printf "%s\t%s\n" "$place" "$root" ;; esac
done < /proc/self/mountinfo' sh (commandline -opc) $argv 2>/dev/null
end
function __ns_tools_user_namespaces
    sh -c 'while read -r id parent device root place rest; do
    case $root in user:*) printf "%s\t%s\n" "$place" "$root" ;; esac
done < /proc/self/mountinfo' sh (commandline -opc) $argv 2>/dev/null
end
function __ns_tools_cgroup_namespaces
    sh -c 'while read -r id parent device root place rest; do
    case $root in cgroup:*) printf "%s\t%s\n" "$place" "$root" ;; esac
done < /proc/self/mountinfo' sh (commandline -opc) $argv 2>/dev/null
end
function __ns_tools_time_namespaces
    sh -c 'while read -r id parent device root place rest; do
    case $root in time:*) printf "%s\t%s\n" "$place" "$root" ;; esac
done < /proc/self/mountinfo' sh (commandline -opc) $argv 2>/dev/null
end
complete -c nsenter -x -a '(__fish_complete_subcommand)'
complete -c nsenter -s a -l all -d 'enter all namespaces of the target'
complete -c nsenter -s h -l help -d 'display this help and exit'
complete -c nsenter -s V -l version -d 'display version and exit'
complete -c nsenter -s t -l target -x -a '(__ns_tools_processes)' -d 'process whose namespaces are entered'
complete -c nsenter -s m -l mount -a '(__ns_tools_mnt_namespaces) (__fish_complete_path (commandline -ct | string replace -r "^--?[^=]*=" ""))' -d 'enter a mount namespace'
complete -c nsenter -s u -l uts -a '(__ns_tools_uts_namespaces) (__fish_complete_path (commandline -ct | string replace -r "^--?[^=]*=" ""))' -d 'enter a UTS namespace'
complete -c nsenter -s i -l ipc -a '(__ns_tools_ipc_namespaces) (__fish_complete_path (commandline -ct | string replace -r "^--?[^=]*=" ""))' -d 'enter an IPC namespace'
complete -c nsenter -s n -l net -a '(__ns_tools_net_namespaces) (__fish_complete_path (commandline -ct | string replace -r "^--?[^=]*=" ""))' -d 'enter a network namespace'
complete -c nsenter -s N -l net-socket -x -d 'enter the network namespace of a socket of the target'
complete -c nsenter -s p -l pid -a '(__ns_tools_pid_namespaces) (__fish_complete_path (commandline -ct | string replace -r "^--?[^=]*=" ""))' -d 'enter a PID namespace'
complete -c nsenter -s U -l user -a '(__ns_tools_user_namespaces) (__fish_complete_path (commandline -ct | string replace -r "^--?[^=]*=" ""))' -d 'enter a user namespace'
complete -c nsenter -s C -l cgroup -a '(__ns_tools_cgroup_namespaces) (__fish_complete_path (commandline -ct | string replace -r "^--?[^=]*=" ""))' -d 'enter a cgroup namespace'
complete -c nsenter -s T -l time -a '(__ns_tools_time_namespaces) (__fish_complete_path (commandline -ct | string replace -r "^--?[^=]*=" ""))' -d 'enter a time namespace'
complete -c nsenter -s S -l setuid -x -a 'follow' -d 'uid of the program; follow for the target\'s'
complete -c nsenter -s G -l setgid -x -a 'follow' -d 'gid of the program; follow for the target\'s'
complete -c nsenter -s r -l root -a '(__fish_complete_directories)' -d 'root directory of the program (default: the target\'s)'
complete -c nsenter -s w -l wd -a '(__fish_complete_directories)' -d 'working directory of the program (default: the target\'s)'
complete -c nsenter -s W -l wdns -a '(__fish_complete_directories)' -d 'working directory as seen inside'
complete -c nsenter -s e -l env -d 'use the environment of the target'
complete -c nsenter -s F -l no-fork -d 'do not fork, even for a PID namespace'
complete -c nsenter -s c -l join-cgroup -d 'move into the cgroup of the target (cgroup v2)'
complete -c nsenter -l preserve-credentials -d 'keep uid, gid and groups when entering a user namespace'
complete -c nsenter -l keep-caps -d 'keep the capabilities in the user namespace for the program'
complete -c nsenter -l user-parent -d 'enter the parent of the user namespace instead of it'
complete -c nsenter -s Z -l follow-context -d 'use the SELinux context of the target'
complete -c nsenter -l like-target -d 'run the program like the target in all respects'
complete -c nsenter -l keep-limits -d 'with --like-target: keep the caller\'s resource limits'
complete -c nsenter -l set-env -x -d 'set a variable in the program\'s environment'
complete -c nsenter -l unset-env -x -d 'remove a variable from the program\'s environment'
complete -c nsenter -l outside-program -d 'execute a copy of the program from outside'
complete -c nsenter -l explain -d 'print the steps and take none of them'
