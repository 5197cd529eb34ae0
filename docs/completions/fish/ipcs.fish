# fish completion for ipcs; rendered from the option table.
function __ns_tools_selected_ids
    sh -c 'kind=
for word; do
    case $word in
    --queues) kind=q ;;
    --shmems) kind=m ;;
    --semaphores) kind=s ;;
    -[!-]*q* | -q*) kind=q ;;
    -[!-]*m* | -m*) kind=m ;;
    -[!-]*s* | -s*) kind=s ;;
    esac
done
case $kind in
q)
getent passwd | awk -F : "
FILENAME !~ /sysvipc/ { name[\$3] = \$1; next }
FNR > 1 { print \$2 \"\t\" (\$8 in name ? name[\$8] : \$8) \", \" \$5 \" messages\" }
" - FS=" " /proc/sysvipc/msg ;;
m)
getent passwd | awk -F : "
FILENAME !~ /sysvipc/ { name[\$3] = \$1; next }
FNR > 1 { print \$2 \"\t\" (\$8 in name ? name[\$8] : \$8) \", \" \$4 \" bytes\" }
" - FS=" " /proc/sysvipc/shm ;;
s)
getent passwd | awk -F : "
FILENAME !~ /sysvipc/ { name[\$3] = \$1; next }
FNR > 1 { print \$2 \"\t\" (\$5 in name ? name[\$5] : \$5) \", \" \$4 \" semaphores\" }
" - FS=" " /proc/sysvipc/sem ;;
esac' sh (commandline -opc) $argv 2>/dev/null
end
function __ns_tools_processes
    sh -c 'for process in /proc/[0-9]*; do
    read -r command < "$process/comm" && printf "%s\t%s\n" "${process#/proc/}" "$command"
done | LC_ALL=C tr -c "\n\t -~" "?"' sh (commandline -opc) $argv 2>/dev/null
end
function __ns_tools_ipc_namespaces
    sh -c 'while read -r id parent device root place rest; do
    case $root in ipc:*) printf "%s\t%s\n" "$place" "$root" ;; esac
done < /proc/self/mountinfo' sh (commandline -opc) $argv 2>/dev/null
end
complete -c ipcs -f
complete -c ipcs -s i -l id -x -a '(__ns_tools_selected_ids)' -d 'show all details of the one object with this id'
complete -c ipcs -s q -l queues -d 'select message queues'
complete -c ipcs -s m -l shmems -d 'select shared memory segments'
complete -c ipcs -s s -l semaphores -d 'select semaphore sets'
complete -c ipcs -s a -l all -d 'select all three (default)'
complete -c ipcs -s t -l time -d 'show times of the last operations and changes'
complete -c ipcs -s p -l pid -d 'show processes: creator and last user'
complete -c ipcs -s c -l creator -d 'show creators and owners'
complete -c ipcs -s l -l limits -d 'show the limits of the namespace'
complete -c ipcs -s u -l summary -d 'show what the namespace uses'
complete -c ipcs -l human -d 'show sizes with a unit letter'
complete -c ipcs -s b -l bytes -d 'show sizes in bytes'
complete -c ipcs -s Q -l posix-mqueues -d 'select POSIX message queues'
complete -c ipcs -s M -l posix-shmems -d 'select POSIX shared memory objects'
complete -c ipcs -s S -l posix-semaphores -d 'select POSIX semaphores'
complete -c ipcs -l posix -d 'select all three POSIX kinds'
complete -c ipcs -l usage -d 'show usage against limits, in percent'
complete -c ipcs -l fail-above -x -d 'status 2 if more of any limit is used'
complete -c ipcs -l strict -d 'an id that does not exist is an error'
complete -c ipcs -l attached -d 'show who has shared memory mapped'
complete -c ipcs -s o -l output -x -a '(__fish_append , NAMESPACE KEY ID NAME PERMS OWNER UID GID CUID CGID USER GROUP CUSER CGROUP CTIME USEDBYTES MSGS QBYTES LSPID LRPID SEND RECV SIZE NATTCH STATUS ATTACH DETACH CPID LPID COMMAND RSS SWAP PIDS NSEMS OTIME NCOUNT ZCOUNT MTIME MAXMSG MSGSIZE NOTIFYPID SVAL)' -d 'show a table of these columns; +LIST adds to it'
complete -c ipcs -l output-all -d 'show a table of all columns'
complete -c ipcs -s J -l json -d 'show a JSON document'
complete -c ipcs -l json-lines -d 'show a line of JSON for each object'
complete -c ipcs -s r -l raw -d 'show columns without alignment'
complete -c ipcs -l quiet -d 'show ids or names alone'
complete -c ipcs -l noheadings -d 'leave out titles and headers'
complete -c ipcs -l sort -x -a 'NAMESPACE KEY ID NAME PERMS OWNER UID GID CUID CGID USER GROUP CUSER CGROUP CTIME USEDBYTES MSGS QBYTES LSPID LRPID SEND RECV SIZE NATTCH STATUS ATTACH DETACH CPID LPID COMMAND RSS SWAP PIDS NSEMS OTIME NCOUNT ZCOUNT MTIME MAXMSG MSGSIZE NOTIFYPID SVAL' -d 'sort by this column; -COLUMN for descending order'
complete -c ipcs -l time-format -x -a 'iso epoch' -d 'show times as iso or epoch'
complete -c ipcs -s n -l numeric -d 'show numbers of users and groups'
complete -c ipcs -l owner -x -a '(__fish_complete_users)' -d 'show objects that this user owns'
complete -c ipcs -l key -x -d 'show objects with this key'
complete -c ipcs -l unused -d 'show what is not in use'
complete -c ipcs -l older-than -x -d 'show objects unused for this long'
complete -c ipcs -l target -x -a '(__ns_tools_processes)' -d 'show the IPC namespace of this process'
complete -c ipcs -l namespace -r -a '(__ns_tools_ipc_namespaces) (__fish_complete_path (commandline -ct | string replace -r "^--?[^=]*=" ""))' -d 'show the IPC namespace bound to this file'
complete -c ipcs -s A -l all-namespaces -d 'show every IPC namespace that can be found'
complete -c ipcs -s V -l version -d 'display version and exit'
complete -c ipcs -s h -l help -d 'display this help and exit'
