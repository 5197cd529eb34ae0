# fish completion for ipcmk; rendered from the option table.
complete -c ipcmk -f
complete -c ipcmk -s M -l shmem -x -d 'create a System V shared memory segment of <size>'
complete -c ipcmk -s m -l posix-shmem -x -d 'create a POSIX shared memory object of <size>'
complete -c ipcmk -s S -l semaphore -x -d 'create a System V set of <number> semaphores'
complete -c ipcmk -s s -l posix-semaphore -d 'create a POSIX semaphore'
complete -c ipcmk -s Q -l queue -d 'create a System V message queue'
complete -c ipcmk -s q -l posix-mqueue -d 'create a POSIX message queue'
complete -c ipcmk -s p -l mode -x -d 'permissions in octal (default: 0644)'
complete -c ipcmk -s n -l name -x -d 'name of the POSIX objects'
complete -c ipcmk -s V -l version -d 'display version and exit'
complete -c ipcmk -s h -l help -d 'display this help and exit'
