#!/usr/bin/env bash
# Runs a built pjdfstest as root on a mount of HipaaFs. All its tests pass.
#   tests/pjdfstest/run.sh PJDFSTEST WORK
# PJDFSTEST is a built tree (nothing is fetched; autoreconf -ifs, configure, make), WORK a directory on a local disk. Needs root, /dev/fuse and prove (perl).
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
[[ $# -eq 2 && $(id -u) -eq 0 ]] || { sed -n '2,4p' "${BASH_SOURCE[0]}" >&2; exit 2; }
pjdfstest=$(readlink -e "$1")
mkdir -p "$2"
work=$(readlink -e "$2")
driver=${HIPAAFS_EXE:-$here/../../artifacts/hipaafs/hipaafs}
[[ -x $driver && -x $pjdfstest/pjdfstest ]] || { echo "no driver (./build.sh build), or no built pjdfstest in $pjdfstest" >&2; exit 2; }
export HOME=$work/home XDG_RUNTIME_DIR=$work/run
mkdir -p "$HOME" "$XDG_RUNTIME_DIR" "$work/mnt"
chmod 0755 "$work"
rm -rf "$work/volume"
"$driver" init "$work/volume" --no-recovery-key > /dev/null
"$driver" mount "$work/volume" "$work/mnt" -o allow_other,suid,dev > /dev/null
trap 'cd /; "$driver" umount --now "$work/mnt" > /dev/null || umount -l "$work/mnt"; rm -rf "$work/volume" "$work/home"' EXIT
mkdir "$work/mnt/work"
cd "$work/mnt/work"
prove -r "$pjdfstest/tests"
