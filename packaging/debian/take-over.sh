# Each original that we stand in for, as dpkg's diversions have it:
#
#   not diverted                the original is in its place
#   diverted, nothing aside     the original is still, or again, in its place
#   diverted, original aside    ours is in its place, or the original by a second name
#
# From each state to the next it is one step that happens at once: a diversion that moves nothing, a
# new name, or a rename over what is there. So there always is a command, whatever is interrupted
# and whenever, and dpkg puts a new release of the original where the diversion says. Each function
# goes on from whatever state it finds.

# Calls $1 with each original, its name aside and what takes its place.
for_each_original() {
    for tool in unshare nsenter ipcmk ipcs ipcrm; do
        "$1" "/usr/bin/$tool" "/usr/bin/$tool.util-linux" "../lib/ns-tools/bin/$tool"
        "$1" "/usr/share/man/man1/$tool.1.gz" "/usr/share/man/man1/$tool.util-linux.1.gz" \
            "../../ns-tools/man/man1/$tool.1.gz"
        "$1" "/usr/share/bash-completion/completions/$tool" \
            "/usr/share/bash-completion/completions/$tool.util-linux" "../../ns-tools/bash/$tool"
    done
}

is_ours() {
    [ "$(readlink "$1")" = "$2" ]
}

take_over() {
    original=$DPKG_ROOT$1 aside=$DPKG_ROOT$2 ours=$3
    # A system without documents may lack the folder.
    [ -d "${original%/*}" ] || return 0
    dpkg-divert --quiet --package ns-tools-replace --no-rename --divert "$2" --add "$1"
    if is_ours "$original" "$ours"; then return 0; fi
    if [ -e "$original" ] && ! [ -e "$aside" ]; then
        ln "$original" "$aside"
    fi
    ln -sf "$ours" "$original.ns-tools"
    mv -fT "$original.ns-tools" "$original"
}

give_back() {
    original=$DPKG_ROOT$1 aside=$DPKG_ROOT$2 ours=$3
    rm -f "$original.ns-tools"
    [ "$(dpkg-divert --listpackage "$1")" = ns-tools-replace ] || return 0
    if [ "$aside" -ef "$original" ]; then
        rm -f "$aside"
    elif [ -e "$aside" ]; then
        mv -fT "$aside" "$original"
    elif is_ours "$original" "$ours"; then
        rm -f "$original"
    fi
    dpkg-divert --quiet --package ns-tools-replace --no-rename --divert "$2" --remove "$1"
}
