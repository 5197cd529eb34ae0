# fish completion for unshare; rendered from the option table.
function __ns_tools_joined
    sh -c 'for last; do :; done
case $last in -*=*) last=${last#*=} ;; esac
case $last in *=*) before=${last%%=*}= ;; *) before= ;; esac
kind=${last%%=*}
case $kind in
user | cgroup | ipc | uts | net | pid | mount | time) ;;
*) printf "%s=\t%s namespace\n" user user cgroup cgroup ipc IPC uts UTS net network pid PID mount mount time time; exit ;;
esac
for process in /proc/[0-9]*; do
    read -r command < "$process/comm" && printf "%s\t%s\n" "${process#/proc/}" "$command"
done | LC_ALL=C tr -c "\n\t -~" "?" | while read -r line; do printf "%s\n" "$before$line"; done
[ "$kind" != mount ] || kind=mnt
while read -r id parent device root place rest; do
    case $root in $kind:*) printf "%s\t%s\n" "$before$place" "$root" ;; esac
done < /proc/self/mountinfo' sh (commandline -opc) $argv 2>/dev/null
end
complete -c unshare -x -a '(__fish_complete_subcommand)'
complete -c unshare -s h -l help -d 'display this help and exit'
complete -c unshare -s V -l version -d 'display version and exit'
complete -c unshare -s m -l mount -a '(__fish_complete_path (commandline -ct | string replace -r "^--?[^=]*=" ""))' -d 'new mount namespace'
complete -c unshare -s u -l uts -a '(__fish_complete_path (commandline -ct | string replace -r "^--?[^=]*=" ""))' -d 'new UTS namespace: host and domain name'
complete -c unshare -s i -l ipc -a '(__fish_complete_path (commandline -ct | string replace -r "^--?[^=]*=" ""))' -d 'new IPC namespace: System V IPC, POSIX queues'
complete -c unshare -s n -l net -a '(__fish_complete_path (commandline -ct | string replace -r "^--?[^=]*=" ""))' -d 'new network namespace'
complete -c unshare -s p -l pid -a '(__fish_complete_path (commandline -ct | string replace -r "^--?[^=]*=" ""))' -d 'new PID namespace, for children'
complete -c unshare -s U -l user -a '(__fish_complete_path (commandline -ct | string replace -r "^--?[^=]*=" ""))' -d 'new user namespace'
complete -c unshare -s C -l cgroup -a '(__fish_complete_path (commandline -ct | string replace -r "^--?[^=]*=" ""))' -d 'new cgroup namespace'
complete -c unshare -s T -l time -a '(__fish_complete_path (commandline -ct | string replace -r "^--?[^=]*=" ""))' -d 'new time namespace'
complete -c unshare -s f -l fork -d 'run the program in a child and wait for it'
complete -c unshare -l kill-child -a '(kill -l | string split " ")' -d 'send the child a signal when unshare dies (implies --fork; default KILL)'
complete -c unshare -l forward-signals -a '(kill -l | string split " ")' -d 'forward INT and TERM, or these, to the child (implies --fork)'
complete -c unshare -l mount-proc -a '(__fish_complete_directories)' -d 'mount a new proc (implies --mount; default /proc)'
complete -c unshare -l mount-binfmt -a '(__fish_complete_directories)' -d 'mount a new binfmt_misc (implies --mount, --user)'
complete -c unshare -l map-user -x -a '(__fish_complete_users)' -d 'map the caller to this user (implies --user)'
complete -c unshare -l map-users -x -a 'auto subids all' -d 'map a range of uids: <inner>:<outer>:<count>, auto, subids or all (implies --user)'
complete -c unshare -l map-group -x -a '(__fish_complete_groups)' -d 'map the caller\'s group to this group (implies --user)'
complete -c unshare -l map-groups -x -a 'auto subids all' -d 'map a range of gids, like --map-users (implies --user)'
complete -c unshare -s r -l map-root-user -d 'map the caller to root (implies --user)'
complete -c unshare -s c -l map-current-user -d 'keep the caller\'s uid and gid (implies --user)'
complete -c unshare -l map-auto -d 'the same as --map-users=auto --map-groups=auto'
complete -c unshare -l map-subids -d 'the same as --map-users=subids --map-groups=subids'
complete -c unshare -l owner -x -d 'set the owner of the user namespace (implies --user)'
complete -c unshare -l propagation -x -a 'private slave shared unchanged' -d 'mount propagation: private (default), slave, shared or unchanged'
complete -c unshare -l setgroups -x -a 'allow deny' -d 'allow or deny setgroups in the user namespace'
complete -c unshare -l keep-caps -d 'keep the capabilities in the user namespace for the program'
complete -c unshare -s S -l setuid -x -d 'uid of the program'
complete -c unshare -s G -l setgid -x -d 'gid of the program; drops other groups'
complete -c unshare -s R -l root -x -a '(__fish_complete_directories)' -d 'root directory of the program'
complete -c unshare -s w -l wd -x -a '(__fish_complete_directories)' -d 'working directory of the program'
complete -c unshare -l monotonic -x -d 'offset of the monotonic clock (needs --time)'
complete -c unshare -l boottime -x -d 'offset of the boot-time clock (needs --time)'
complete -c unshare -s l -l load-interp -x -d 'register an interpreter in a new binfmt_misc (implies --mount-binfmt)'
complete -c unshare -l clear-env -d 'start the program with an empty environment'
complete -c unshare -l whitelist-env -x -d 'start the program with these variables only'
complete -c unshare -l set-env -x -d 'set a variable in the program\'s environment'
complete -c unshare -l unset-env -x -d 'remove a variable from the program\'s environment'
complete -c unshare -l init -a 'wait' -d 'run a process 1 that reaps (implies --fork, --pid)'
complete -c unshare -l pid-file -rF -d 'write the PID of the program to a file'
complete -c unshare -l status-fd -x -d 'write events as lines of JSON to a descriptor'
complete -c unshare -l wait-fd -x -d 'run the program only once a byte can be read from a descriptor'
complete -c unshare -l join -x -a '(__ns_tools_joined (commandline -ct | string match "*=*"))' -d 'enter the namespace of a PID or a file first'
complete -c unshare -l hostname -x -d 'set the host name (implies --uts)'
complete -c unshare -l domainname -x -d 'set the NIS domain name (implies --uts)'
complete -c unshare -l loopback -d 'bring the loopback device up (implies --net)'
complete -c unshare -l mqueue -a '(__fish_complete_directories)' -d 'show POSIX message queues (implies --ipc, --mount)'
complete -c unshare -l explain -d 'print the steps and take none of them'
complete -c unshare -l probe -d 'print what of this works here, and run nothing'
