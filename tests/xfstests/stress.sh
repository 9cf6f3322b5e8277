#!/usr/bin/env bash
# fsx and fsstress of a built xfstests on a mount of HipaaFs, then a check of the volume.
#   tests/xfstests/stress.sh XFSTESTS WORK
# XFSTESTS is a built tree (nothing is fetched), WORK a directory on a local disk. Needs root and /dev/fuse.
# FSX_OPERATIONS (1000000), FSX_SEEDS ("11 22 33"), FSSTRESS_OPERATIONS (20000, by each of 4 processes).
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
[[ $# -eq 2 && $(id -u) -eq 0 ]] || { sed -n '2,5p' "${BASH_SOURCE[0]}" >&2; exit 2; }
xfstests=$(readlink -e "$1")
mkdir -p "$2"
work=$(readlink -e "$2")
driver=${HIPAAFS_EXE:-$here/../../artifacts/hipaafs/hipaafs}
[[ -x $driver && -x $xfstests/ltp/fsx && -x $xfstests/ltp/fsstress ]] || { echo "no driver (./build.sh build), or no built xfstests in $xfstests" >&2; exit 2; }
export HOME=$work/home XDG_RUNTIME_DIR=$work/run
mkdir -p "$HOME" "$XDG_RUNTIME_DIR" "$work/mnt"
rm -rf "$work/volume"
"$driver" init "$work/volume" --no-recovery-key > /dev/null
"$driver" mount "$work/volume" "$work/mnt" > /dev/null
trap 'umount -l "$work/mnt" 2> /dev/null || true' EXIT

for seed in ${FSX_SEEDS:-11 22 33}; do
    echo "fsx -N ${FSX_OPERATIONS:-1000000} -S $seed"
    "$xfstests/ltp/fsx" -q -N "${FSX_OPERATIONS:-1000000}" -S "$seed" -P "$work" "$work/mnt/fsx-$seed"
    # Each operation is synced here, so this many are enough for the same time.
    echo "fsx -y -N ${FSX_SYNCED_OPERATIONS:-50000} -S $seed"
    "$xfstests/ltp/fsx" -q -y -N "${FSX_SYNCED_OPERATIONS:-50000}" -S "$seed" -P "$work" "$work/mnt/fsx-synced-$seed"
done
echo "fsstress -n ${FSSTRESS_OPERATIONS:-20000} -p 4"
mkdir "$work/mnt/fsstress"
"$xfstests/ltp/fsstress" -d "$work/mnt/fsstress" -n "${FSSTRESS_OPERATIONS:-20000}" -p 4 -s "${FSSTRESS_SEED:-1}" > /dev/null
"$driver" umount "$work/mnt"
trap - EXIT
"$driver" fsck "$work/volume"
rm -rf "$work/volume" "$work/home"
