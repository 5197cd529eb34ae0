# fish completion for ipcrm; rendered from the option table.
function __ns_tools_shm_ids
    sh -c 'getent passwd | awk -F : "
FILENAME !~ /sysvipc/ { name[\$3] = \$1; next }
FNR > 1 { print \$2 \"\t\" (\$8 in name ? name[\$8] : \$8) \", \" \$4 \" bytes\" }
" - FS=" " /proc/sysvipc/shm' sh (commandline -opc) $argv 2>/dev/null
end
function __ns_tools_shm_keys
    sh -c 'getent passwd | awk -F : "
FILENAME !~ /sysvipc/ { name[\$3] = \$1; next }
FNR > 1 { print sprintf(\"0x%08x\", \$1 < 0 ? \$1 + 4294967296 : \$1) \"\t\" (\$8 in name ? name[\$8] : \$8) \", \" \$4 \" bytes\" }
" - FS=" " /proc/sysvipc/shm' sh (commandline -opc) $argv 2>/dev/null
end
function __ns_tools_posix_memory
    sh -c 'for file in /dev/shm/*; do
    case $file in
    *[![:print:]]* | /dev/shm/sem.*) ;;
    *) [ -f "$file" ] && printf "%s\n" "${file#/dev/shm/}" ;;
    esac
done' sh (commandline -opc) $argv 2>/dev/null
end
function __ns_tools_msg_ids
    sh -c 'getent passwd | awk -F : "
FILENAME !~ /sysvipc/ { name[\$3] = \$1; next }
FNR > 1 { print \$2 \"\t\" (\$8 in name ? name[\$8] : \$8) \", \" \$5 \" messages\" }
" - FS=" " /proc/sysvipc/msg' sh (commandline -opc) $argv 2>/dev/null
end
function __ns_tools_msg_keys
    sh -c 'getent passwd | awk -F : "
FILENAME !~ /sysvipc/ { name[\$3] = \$1; next }
FNR > 1 { print sprintf(\"0x%08x\", \$1 < 0 ? \$1 + 4294967296 : \$1) \"\t\" (\$8 in name ? name[\$8] : \$8) \", \" \$5 \" messages\" }
" - FS=" " /proc/sysvipc/msg' sh (commandline -opc) $argv 2>/dev/null
end
function __ns_tools_posix_queues
    sh -c 'for file in /dev/mqueue/*; do
    case $file in
    *[![:print:]]*) ;;
    *) [ -f "$file" ] && printf "%s\n" "${file#/dev/mqueue/}" ;;
    esac
done' sh (commandline -opc) $argv 2>/dev/null
end
function __ns_tools_sem_ids
    sh -c 'getent passwd | awk -F : "
FILENAME !~ /sysvipc/ { name[\$3] = \$1; next }
FNR > 1 { print \$2 \"\t\" (\$5 in name ? name[\$5] : \$5) \", \" \$4 \" semaphores\" }
" - FS=" " /proc/sysvipc/sem' sh (commandline -opc) $argv 2>/dev/null
end
function __ns_tools_sem_keys
    sh -c 'getent passwd | awk -F : "
FILENAME !~ /sysvipc/ { name[\$3] = \$1; next }
FNR > 1 { print sprintf(\"0x%08x\", \$1 < 0 ? \$1 + 4294967296 : \$1) \"\t\" (\$5 in name ? name[\$5] : \$5) \", \" \$4 \" semaphores\" }
" - FS=" " /proc/sysvipc/sem' sh (commandline -opc) $argv 2>/dev/null
end
function __ns_tools_posix_semaphores
    sh -c 'for file in /dev/shm/sem.*; do
    case $file in
    *[![:print:]]*) ;;
    *) [ -f "$file" ] && printf "%s\n" "${file#/dev/shm/sem.}" ;;
    esac
done' sh (commandline -opc) $argv 2>/dev/null
end
complete -c ipcrm -f
complete -c ipcrm -s m -l shmem-id -x -a '(__ns_tools_shm_ids)' -d 'remove a shared memory segment by its id'
complete -c ipcrm -s M -l shmem-key -x -a '(__ns_tools_shm_keys)' -d 'remove a shared memory segment by its key'
complete -c ipcrm -l posix-shmem -x -a '(__ns_tools_posix_memory)' -d 'remove a POSIX shared memory object'
complete -c ipcrm -s q -l queue-id -x -a '(__ns_tools_msg_ids)' -d 'remove a message queue by its id'
complete -c ipcrm -s Q -l queue-key -x -a '(__ns_tools_msg_keys)' -d 'remove a message queue by its key'
complete -c ipcrm -l posix-mqueue -x -a '(__ns_tools_posix_queues)' -d 'remove a POSIX message queue'
complete -c ipcrm -s s -l semaphore-id -x -a '(__ns_tools_sem_ids)' -d 'remove a semaphore set by its id'
complete -c ipcrm -s S -l semaphore-key -x -a '(__ns_tools_sem_keys)' -d 'remove a semaphore set by its key'
complete -c ipcrm -l posix-semaphore -x -a '(__ns_tools_posix_semaphores)' -d 'remove a POSIX semaphore'
complete -c ipcrm -s a -l all -a 'shm pshm sem psem msg pmsg' -d 'remove everything of a type (default: all System V objects)'
complete -c ipcrm -s v -l verbose -d 'announce each removal of later options'
complete -c ipcrm -l orphans -a 'shm msg sem' -d 'remove what dead processes have left behind (default: shm)'
complete -c ipcrm -l owner -x -a '(__fish_complete_users)' -d 'remove only orphans of this user'
complete -c ipcrm -l older-than -x -d 'remove only orphans unused for this long'
complete -c ipcrm -l dry-run -d 'only print which orphans would be removed'
complete -c ipcrm -s V -l version -d 'display version and exit'
complete -c ipcrm -s h -l help -d 'display this help and exit'
