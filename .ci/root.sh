# Root directories of other Debian releases, for the checks, which set $suite and $arch and source
# this.
#
# A root is made by debootstrap and apt, once a week or when the packages change, and kept outside
# the tree. It is entered with pivot_root in private namespaces, because a process in a chroot
# cannot create user namespaces. It has no network.
#
# Status 77: the root could not be made, so nothing was tested. FRESH=1 makes a new root.
cache=${XDG_CACHE_HOME:-$HOME/.cache}/ns-tools

untested() {
    echo "NOT TESTED on $suite $arch: $1"
    exit 77
}

# The Debian mirror that this machine uses.
mirror() {
    local uri
    uri=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Label: Debian' | sort -u | head -n 1)
    echo "${uri:-http://deb.debian.org/debian}"
}

# Makes the root $1 with the packages it needs: debootstrap alone would configure them in any order.
fill_root() {
    debootstrap --arch="$arch" --variant=minbase "$suite" "$1" "$(mirror)"
    printf '#!/bin/sh\nexit 101\n' >"$1/usr/sbin/policy-rc.d"
    chmod 755 "$1/usr/sbin/policy-rc.d"
    mount -t proc proc "$1/proc"
    # A mirror may be a snapshot of an earlier day.
    chroot "$1" apt-get update -qq -o Acquire::Check-Valid-Until=false
    chroot "$1" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${@:2}"
    chroot "$1" useradd --uid 2000 --create-home --shell /bin/bash user
}

# Sets $root to a root named $1 with these packages.
make_root() {
    root=$cache/$1
    shift
    [ "$(id -u)" -eq 0 ] || untested "debootstrap needs root"
    command -v debootstrap >/dev/null || untested "debootstrap is not installed"
    mkdir -p "$cache"
    if [ -z "${FRESH:-}" ] && [ "$(cat "$root.packages" 2>/dev/null)" = "$*" ] && [ -n "$(find "$root" -maxdepth 0 -mtime -7 2>/dev/null)" ]; then
        return
    fi
    echo "Making a root of Debian $suite $arch in $root"
    local new=$root.new
    rm -rf --one-file-system "$new"
    # Its mounts and processes end with it. A mirror that does not answer counts as unavailable.
    export -f fill_root mirror
    export arch suite
    timeout --kill-after=10 1200 unshare --mount --propagation private --pid --fork --kill-child \
        bash -euc 'fill_root "$@"' - "$new" "$@" >"$root.log" 2>&1 </dev/null ||
        untested "no root: $(grep -m 1 '^E:' "$root.log" || tail -n 1 "$root.log") (see $root.log)"
    rm -rf --one-file-system "$root"
    mv "$new" "$root"
    touch "$root"
    echo "$*" >"$root.packages"
}

# Runs a command in private namespaces, where it can enter the root. Everything in them ends with
# the command.
in_namespaces() {
    unshare --mount --pid --fork --kill-child --ipc --uts --net --propagation private "$@"
}

# Makes the mount point $1 the root, with $2 as its /home and its own /dev.
enter_root() {
    local root=$1 device folder
    mount --bind "$2" "$root/home"
    for folder in tmp run mnt root dev; do mount -t tmpfs tmpfs "$root/$folder"; done
    chmod 1777 "$root/tmp"
    mount -t proc proc "$root/proc"
    mount -t sysfs sysfs "$root/sys"
    mount --rbind /sys/fs/cgroup "$root/sys/fs/cgroup"
    for device in null zero full random urandom tty; do
        touch "$root/dev/$device"
        mount --bind "/dev/$device" "$root/dev/$device"
    done
    ln -s /proc/self/fd "$root/dev/fd"
    ln -s pts/ptmx "$root/dev/ptmx"
    mkdir "$root/dev/pts" "$root/dev/shm" "$root/dev/mqueue"
    mount -t devpts -o newinstance,ptmxmode=666,mode=620 devpts "$root/dev/pts"
    mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
    mount -t mqueue mqueue "$root/dev/mqueue"
    cd "$root"
    pivot_root . .
    umount --lazy .
    cd /
    hash -r
}
