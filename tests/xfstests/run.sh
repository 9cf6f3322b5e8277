#!/usr/bin/env bash
# Runs tests of a built xfstests on mounts of HipaaFs and compares what fails with failures.txt, which may only shrink.
#   tests/xfstests/run.sh XFSTESTS WORK [ARGUMENT OF check]...      default: -g generic/quick
# XFSTESTS is a built tree (nothing is fetched), WORK a directory on a local disk for volumes, mount points and results. Needs root, /dev/fuse, and for many
# tests the users fsgqa, fsgqa2 and 123456-fsgqa, as xfstests' README says. XFSTESTS_TIMEOUT: seconds that one test may take (default 900: some start thousands of programs).
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
repository=$(cd "$here/../.." && pwd)
[[ $# -ge 2 && $(id -u) -eq 0 ]] || { sed -n '2,6p' "${BASH_SOURCE[0]}" >&2; exit 2; }
xfstests=$(readlink -e "$1")
mkdir -p "$2"
work=$(readlink -e "$2")
shift 2
[[ $# -gt 0 ]] || set -- -g generic/quick
export HIPAAFS_EXE=${HIPAAFS_EXE:-$repository/artifacts/hipaafs/hipaafs}
[[ -x $HIPAAFS_EXE ]] || { echo "no executable: ./build.sh build, or HIPAAFS_EXE" >&2; exit 2; }

export HOME=$work/home XDG_RUNTIME_DIR=$work/run
mkdir -p "$HOME" "$XDG_RUNTIME_DIR" "$work/bin" "$work/results"
chmod 0755 "$work" "$work/bin"

# mount(8) takes its helper from /sbin only, and is given the source that a mount shows: hipaafs#ID-TAG.
helper=/sbin/mount.fuse.hipaafs
[[ ! -e $helper ]] || { echo "$helper exists already" >&2; exit 2; }
ln -sf "$HIPAAFS_EXE" "$work/bin/hipaafs"
cat > "$helper" << END
#!/bin/sh
export PATH='$work/bin':\$PATH HOME='$HOME' XDG_RUNTIME_DIR='$XDG_RUNTIME_DIR'
source=\$1
mount_point=\$2
shift 2
exec sh '$repository/packaging/mount.hipaafs' '$work'/volume-"\${source#hipaafs#}" "\$mount_point" -o allow_other,suid,dev "\$@"
END
chmod 0755 "$helper"

# xfstests sets no limit to the time of a test: every test is started by "bash -c".
cat > "$work/bin/bash" << END
#!/bin/sh
exec timeout -k 10 ${XFSTESTS_TIMEOUT:-900} /bin/bash "\$@"
END

# xfstests compares the type that df shows with FSTYP, and knows of no subtype there.
cat > "$work/bin/df" << 'END'
#!/bin/bash
set -o pipefail
/usr/bin/df "$@" | sed 's/ fuse\.hipaafs / fuse /'
END
chmod 0755 "$work/bin/bash" "$work/bin/df"

clean_up() {
    umount "$work/scratch" "$work/test" 2> /dev/null || true
    rm -f "$helper"
}
trap clean_up EXIT

# A volume for NAME; prints the source of its mounts.
volume() {
    local source
    mkdir -p "$work/$1"
    if [[ ! -e $work/$1.source ]]; then
        rm -rf "$work/volume-$1"
        "$HIPAAFS_EXE" init "$work/volume-$1" --no-recovery-key > /dev/null
        echo 'capacity: 10GiB' >> "$work/volume-$1/volume.yaml"
        # Half of it is made from the directory's place: the mount itself says what it shows.
        "$HIPAAFS_EXE" mount "$work/volume-$1" "$work/$1" > /dev/null
        source=$(findmnt -rno SOURCE --mountpoint "$work/$1")
        "$HIPAAFS_EXE" umount "$work/$1" > /dev/null
        ln -sfn "volume-$1" "$work/volume-${source#hipaafs#}"
        echo "$source" > "$work/$1.source"
    fi
    cat "$work/$1.source"
}

TEST_DEV=$(volume test)
SCRATCH_DEV=$(volume scratch)
export TEST_DEV SCRATCH_DEV TEST_DIR=$work/test SCRATCH_MNT=$work/scratch FSTYP=fuse FUSE_SUBTYP=.hipaafs RESULT_BASE=$work/results
cd "$xfstests"
PATH=$work/bin:$PATH ./check "$@" 2>&1 | tee "$work/check.out" || true

# Which tests ran, and which of them failed: check prints both once at the end of a section.
grep -E '^(generic|fuse|shared)/[0-9]+ ' "$work/check.out" > "$work/lines" || true
sed -n 's/^Failures: //p' "$work/check.out" | tr ' ' '\n' | sed '/^$/d' | sort -u > "$work/failed"
sed -n 's/^\([a-z]*\/[0-9]*\) .*\[not run\] */\1 /p' "$work/lines" > "$work/notrun"
sed 's/ .*//' "$work/lines" | sort -u > "$work/ran"
sed -e 's/#.*//' -e '/^ *$/d' -e 's/ .*//' "$here/failures.txt" | sort -u > "$work/expected"

new=$(comm -23 "$work/failed" "$work/expected")
mended=$(comm -12 "$work/ran" "$work/expected" | comm -23 - "$work/failed" | { grep -vxF -f <(sed 's/ .*//' "$work/notrun") || true; })
[[ -s $work/ran ]] || { echo "no test ran" >&2; exit 1; }
echo "ran $(wc -l < "$work/ran"), not applicable $(wc -l < "$work/notrun"), failed $(wc -l < "$work/failed")"
[[ -z $mended ]] || printf 'passes, take it out of failures.txt: %s\n' $mended
[[ -z $new ]] || { printf 'fails and is not in failures.txt: %s\n' $new; exit 1; }
[[ -z $mended ]]
