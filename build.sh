#!/usr/bin/env bash
# One entry for everything: ./build.sh help
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")"
readonly root=$PWD
readonly driver=$root/artifacts/hipaafs/hipaafs
readonly results=$root/artifacts/test-results

export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 MSBUILDDISABLENODEREUSE=1

say() { printf '%s\n' "$*" >&2; }
fail() { say "build.sh: $*"; exit 1; }

usage() {
    cat <<'END'
Usage: ./build.sh VERB

  build          builds the driver: artifacts/hipaafs/hipaafs
  mount DIR      builds, makes an encrypted volume on first use and mounts it at DIR
  test [FILTER]  builds everything, checks the rules, runs all tests, real mounts included; with FILTER only the
                 classes whose name contains it
  soak           500 rounds of kill -9 during writes (HIPAAFS_CRASH_ROUNDS changes the number), 20 of a machine that is
                 lost and restored from the store (HIPAAFS_BURN_ROUNDS), as many of one whose store is slower than what writes, 2000000 operations on the file system and on
                 a model of one (HIPAAFS_MODEL_OPERATIONS; HIPAAFS_MODEL_SEED repeats a run), a twentieth of that on a mount, a directory of 1000000
                 entries (HIPAAFS_DIRECTORY_ENTRIES), requests of an S3 gateway counted over 4 GiB (HIPAAFS_COUNTED_MEBIBYTES), an aged volume (HIPAAFS_AGEING_FILES, HIPAAFS_OVERWRITES), and a power cut after every operation of the disk below a volume
                 (HIPAAFS_CRASH_POINTS: fewer), ENOSPC and EIO at every one of them, once and for ever (HIPAAFS_FAILURE_POINTS: fewer;
                 HIPAAFS_FAILURE_FIRST and HIPAAFS_FAILURE_COUNT: a part, to go on where a run ended); with HIPAAFS_XFSTESTS and HIPAAFS_PJDFSTEST, built trees of these suites, also
                 their fsx, fsstress and all of pjdfstest
  bench [ARGS]   measures a mount against the local filesystem and gocryptfs, and the FUSE library against libfuse
  fuzz [ARGS]    feeds mutated messages to the parsers
  pack           leaves artifacts/hipaafs-VERSION-RUNTIME.tar.gz, RUNTIME being linux-x64 or linux-arm64
  help           this text

test, bench and soak install missing Debian packages when they run as root on Debian or Ubuntu.
END
}

need_dotnet() {
    command -v dotnet > /dev/null || fail "the .NET 10 SDK is missing: install it from https://dot.net or your distribution (dotnet-sdk-10.0)"
    local version
    version=$(dotnet --version 2> /dev/null) || fail "dotnet is there, but no SDK that fits: .NET SDK 10 is needed"
    [[ ${version%%.*} -ge 10 ]] || fail ".NET SDK 10 is needed, this is $version"
}

# need PROGRAM:PACKAGE... installs the packages of missing programs where it may, and says what stays missing.
need() {
    local pair missing=() packages=()
    for pair in "$@"; do
        has "${pair%%:*}" || { missing+=("${pair%%:*}"); packages+=("${pair##*:}"); }
    done
    [[ ${#missing[@]} -gt 0 ]] || return 0
    if [[ $(id -u) -eq 0 ]] && command -v apt-get > /dev/null; then
        say "installing: ${packages[*]}"
        install_packages "${packages[@]}" || say "build.sh: apt-get could not install all of them"
    fi
    missing=()
    for pair in "$@"; do
        has "${pair%%:*}" || missing+=("${pair%%:*} (package ${pair##*:})")
    done
    [[ ${#missing[@]} -eq 0 ]] || say "missing on this machine; what needs it is skipped by name: ${missing[*]}"
}

has() {
    case $1 in
        python-cryptography) python_has cryptography ;;
        python-jsonschema) python_has jsonschema ;;
        libfuse3) pkg-config --exists fuse3 2> /dev/null ;;
        *) command -v "$1" > /dev/null ;;
    esac
}

python_has() {
    local python=python3
    [[ ! -x /usr/bin/python3 ]] || python=/usr/bin/python3
    "$python" -c "import $1" 2> /dev/null
}

install_packages() {
    local apt=(apt-get -o DPkg::Lock::Timeout=600 -qq)
    export DEBIAN_FRONTEND=noninteractive
    # A fresh machine has no package lists; one that has them needs no network round for that.
    "${apt[@]}" install -y --no-install-recommends "$@" > /dev/null 2>&1 && return
    "${apt[@]}" update > /dev/null 2>&1 || true
    "${apt[@]}" install -y --no-install-recommends "$@" > /dev/null
}

need_fuse() {
    [[ $(uname -s) == Linux ]] || fail "mounts need Linux"
    need fusermount3:fuse3
    [[ -c /dev/fuse ]] || fail "there is no /dev/fuse: load the kernel module (modprobe fuse), or give the container the device"
}

# The name that .NET has for this machine.
runtime() {
    [[ $(uname -s) == Linux ]] || fail "the driver is built on Linux; build.cmd builds the commands on Windows"
    case $(uname -m) in
        x86_64) echo linux-x64 ;;
        aarch64) echo linux-arm64 ;;
        *) fail "no driver for a machine of the kind $(uname -m): it is built for x86_64 and aarch64" ;;
    esac
}

build_driver() {
    need_dotnet
    local runtime
    runtime=$(runtime) || exit 1
    local publish=(dotnet publish src/HipaaFs -c Release -r "$runtime" --self-contained false -v quiet -o artifacts/hipaafs)
    rm -rf artifacts/hipaafs
    if ! "${publish[@]}" -p:PublishReadyToRun=true > artifacts/publish.log 2>&1; then
        # Only a compiler package that cannot be restored is worth a second try; an error in the sources is not.
        grep -Eqi 'crossgen|NU1101|NU1102|NU1301' artifacts/publish.log || { cat artifacts/publish.log >&2; fail "the driver does not build"; }
        say "ReadyToRun is not available here (its compiler could not be restored): the driver starts more slowly"
        "${publish[@]}" >&2 || fail "the driver does not build"
    fi
    [[ -x $driver ]] || fail "the build left no $driver"
}

verb_build() {
    mkdir -p artifacts
    build_driver
    say "built $driver"
}

# A dead mount cannot be asked whether it is a link.
full_path() {
    realpath -m -- "$1" 2> /dev/null || realpath -sm -- "$1"
}

# Type of the filesystem that is mounted at a directory; nothing when none is. It does not touch the directory: the mount may be dead.
mounted_at() {
    awk -v place="$(full_path "$1" | sed 's/ /\\\\040/g')" '$2 == place { type = $3 } END { print type }' /proc/mounts
}

# What cannot be a mount point is refused before anything is made; the driver would refuse it last.
check_mount_point() {
    case $(mounted_at "$1") in
        "") ;;
        fuse.hipaafs)
            ! stat -- "$1" > /dev/null 2>&1 || fail "mount at $1: a volume is mounted there already; unmount it with: $driver umount $1"
            return # Its daemon was killed; the next mount clears it away.
            ;;
        *) fail "mount at $1: something else is mounted there already" ;;
    esac
    [[ ! -e $1 || -d $1 ]] || fail "mount at $1: it is not a directory"
    [[ ! -d $1 || -z $(ls -A -- "$1") ]] || fail "mount at $1: it is not empty; give an empty directory, or one that is to be made"
}

verb_mount() {
    [[ $# -eq 1 ]] || fail "usage: ./build.sh mount DIR"
    check_mount_point "$1"
    need_fuse
    verb_build
    [[ -n $(mounted_at "$1") ]] || mkdir -p -- "$1"
    local directory volume
    directory=$(full_path "$1")
    volume=${HIPAAFS_VOLUME:-${XDG_DATA_HOME:-$HOME/.local/share}/hipaafs/$(basename "$directory")-$(printf %s "$directory" | sha256sum | cut -c1-8)}
    if [[ ! -e $volume/volume.yaml ]]; then
        mkdir -p -- "$(dirname "$volume")"
        # Without a recovery key this is for trying the driver out; docs/configuration.md says how to keep one.
        "$driver" init "$volume" --no-recovery-key > /dev/null || fail "no volume was made; where hipaafs is named above: $driver"
    fi
    "$driver" mount "$volume" "$directory" > /dev/null || fail "not mounted; where hipaafs is named above: $driver"
    cat <<END

mounted   $directory
data      $volume (encrypted)
key       $("$driver" config check "$volume" | sed -n 's/^key  *\(.*[^ ]\)  *volume\.yaml.*/\1/p') (keep a copy: without it the data is lost)
status    $driver status $directory
unmount   $driver umount $directory
again     ./build.sh mount $directory
END
}

need_test_tools() {
    need fusermount3:fuse3 python3:python3 python-cryptography:python3-cryptography python-jsonschema:python3-jsonschema \
        git:git sqlite3:sqlite3 rsync:rsync \
        setfattr:attr setfacl:acl tar:tar flock:util-linux samtools:samtools wgsim:samtools bcftools:bcftools bwa:bwa \
        storescu:dcmtk ceph-mon:ceph-mon ceph-osd:ceph-osd radosgw:radosgw ceph:ceph-common openssl:openssl
}

# Microsoft's emulator of Azure Blob Storage comes from npm; its version is the one that the tests were written against.
need_azurite() {
    need node:nodejs npm:npm
    local place=artifacts/azurite
    export HIPAAFS_AZURITE=$PWD/$place/node_modules/.bin/azurite-blob
    [[ ! -x $HIPAAFS_AZURITE ]] || return 0
    command -v npm > /dev/null || return 0
    say "installing: azurite (npm)"
    mkdir -p "$place"
    npm install --prefix "$place" --no-audit --no-fund --loglevel=error azurite@3.37.0 > /dev/null 2>&1 ||
        say "missing on this machine; what needs it is skipped by name: azurite (npm could not install it)"
}

# Runs one suite; leaves its results as XML.
run_suite() {
    local project=$1 filter=${2:-} name program
    name=$(basename "$project")
    program=$project/bin/Release/net10.0/$name
    local arguments=(-noLogo -noColor -xml "$results/$name.xml")
    [[ -z $filter ]] || arguments+=(-class "*$filter*")
    say "== $name"
    local code=0
    timeout --kill-after=30 1100 "$program" "${arguments[@]}" < /dev/null > "$results/$name.log" 2>&1 || code=$?
    # 1 says that tests failed, which its results say too.
    if [[ ! -s $results/$name.xml || $code -gt 1 ]]; then
        tail -n 50 "$results/$name.log" >&2
        say "$name ended with $code"
        broken+=("$name")
        return
    fi
    # Failures in full, successes in one line.
    grep -E '\[FAIL\]' -A 40 "$results/$name.log" >&2 || true
    grep -E 'Total: ' "$results/$name.log" >&2 || true
}

# attribute NAME FILE: the value of the attribute of the assembly element of a result file.
attribute() {
    sed -n "s/.*<assembly [^>]*[ ]$1=\"\([0-9]*\)\".*/\1/p" "$2" | head -n 1
}

list_skipped() {
    awk '/ \[SKIP\]$/ { sub(/ \[SKIP\]$/, ""); name = $1; getline; sub(/^ +/, ""); print "skipped: " name ": " $0 }' "$results"/*.log
}

# check NAME COMMAND...: one of the checks that are no test; a failure counts as one failed test.
check() {
    local name=$1
    shift
    say "== $name"
    "$@" < /dev/null >&2 || { say "check failed: $name"; broken+=("$name"); }
}

# Whitespace alone. The build enforces style, naming and analyzers as errors; to have dotnet format load and compile the whole solution
# once more took 140 s on two cores, 100 s of it processor time, and found nothing that these do not.
check_format() {
    dotnet format whitespace --folder . --verify-no-changes --include src/ tests/ && return
    say "put it right with: dotnet format whitespace --folder . --include src/ tests/"
    return 1
}

# Nothing may be mounted below the directory that the tests had for their files.
check_mounts() {
    local left
    left=$(awk -v place="$1/" 'index($2, place) == 1 { print $2 }' /proc/mounts)
    [[ -n $left ]] || return 0
    printf '%s\n' "$left"
    while IFS= read -r place; do umount -l -- "$place" || fusermount3 -u -z -- "$place"; done <<< "$left"
    return 1
}

verb_test() {
    local filter=${1:-} project broken=() passed=0 failed=0 skipped=0 file
    need_dotnet
    need_test_tools
    need_azurite
    rm -rf "$results"
    mkdir -p "$results"
    check rules .ci/rules
    check format check_format
    check build dotnet build HipaaFs.sln -c Release -v quiet -clp:NoSummary
    if [[ " ${broken[*]} " != *" build "* ]]; then
        verb_build
        # Other users enter it too, in the tests of their rights.
        TMPDIR=$(mktemp -d /tmp/hipaafs-test.XXXXXX)
        export TMPDIR
        chmod 0711 "$TMPDIR"
        for project in tests/*.Tests; do
            run_suite "$project" "$filter"
        done
        check "no mount left behind" check_mounts "$TMPDIR"
        rm -rf --one-file-system -- "$TMPDIR"
        unset TMPDIR
    fi
    for file in "$results"/*.xml; do
        [[ -e $file ]] || continue
        passed=$((passed + $(attribute passed "$file")))
        failed=$((failed + $(attribute failed "$file") + $(attribute errors "$file")))
        skipped=$((skipped + $(attribute skipped "$file")))
    done
    failed=$((failed + ${#broken[@]}))
    [[ $skipped -eq 0 ]] || list_skipped
    echo "$passed passed, $failed failed, $skipped skipped"
    [[ $failed -eq 0 && $passed -gt 0 ]]
}

verb_soak() {
    need_dotnet
    need_test_tools
    mkdir -p "$results"
    dotnet build tests/HipaaFs.Mount.Tests -c Release -v quiet < /dev/null
    dotnet build tests/HipaaFs.Core.Tests -c Release -v quiet < /dev/null
    dotnet build tests/HipaaFs.FaultFs.Tests -c Release -v quiet < /dev/null
    dotnet build tests/HipaaFs.Metadata.Tests -c Release -v quiet < /dev/null
    verb_build
    local status=0
    HIPAAFS_MODEL_OPERATIONS=${HIPAAFS_MODEL_OPERATIONS:-2000000} HIPAAFS_MODEL_SEED=${HIPAAFS_MODEL_SEED:-$((RANDOM * 1000 + 1))} \
        tests/HipaaFs.Core.Tests/bin/Release/net10.0/HipaaFs.Core.Tests -noLogo -noColor -showLiveOutput -class "*ModelTests" < /dev/null || status=1
    HIPAAFS_DIRECTORY_ENTRIES=${HIPAAFS_DIRECTORY_ENTRIES:-1000000} \
        tests/HipaaFs.Core.Tests/bin/Release/net10.0/HipaaFs.Core.Tests -noLogo -noColor -class "*LargeDirectoryTests" < /dev/null || status=1
    HIPAAFS_DIRECTORY_ENTRIES=${HIPAAFS_DIRECTORY_ENTRIES:-1000000} \
        tests/HipaaFs.Metadata.Tests/bin/Release/net10.0/HipaaFs.Metadata.Tests -noLogo -noColor -class "*DirectoryCostTests" < /dev/null || status=1
    HIPAAFS_AGEING_FILES=${HIPAAFS_AGEING_FILES:-4000} HIPAAFS_OVERWRITES=${HIPAAFS_OVERWRITES:-200000} \
        tests/HipaaFs.Core.Tests/bin/Release/net10.0/HipaaFs.Core.Tests -noLogo -noColor -showLiveOutput -class "*AgeingTests" < /dev/null || status=1
    HIPAAFS_MODEL_OPERATIONS=$((${HIPAAFS_MODEL_OPERATIONS:-2000000} / 20)) HIPAAFS_MODEL_SEED=${HIPAAFS_MODEL_SEED:-$((RANDOM * 1000 + 1))} \
        tests/HipaaFs.Mount.Tests/bin/Release/net10.0/HipaaFs.Mount.Tests -noLogo -noColor -showLiveOutput -class "*MountModelTests" < /dev/null || status=1
    HIPAAFS_COUNTED_MEBIBYTES=${HIPAAFS_COUNTED_MEBIBYTES:-4096} \
        tests/HipaaFs.Mount.Tests/bin/Release/net10.0/HipaaFs.Mount.Tests -noLogo -noColor -showLiveOutput -class "*RequestCountTests" < /dev/null || status=1
    HIPAAFS_CRASH_ROUNDS=${HIPAAFS_CRASH_ROUNDS:-500} \
        tests/HipaaFs.Mount.Tests/bin/Release/net10.0/HipaaFs.Mount.Tests -noLogo -noColor -class "*KillTests" < /dev/null || status=1
    HIPAAFS_BURN_ROUNDS=${HIPAAFS_BURN_ROUNDS:-20} \
        tests/HipaaFs.Mount.Tests/bin/Release/net10.0/HipaaFs.Mount.Tests -noLogo -noColor -class "*BurnTests" < /dev/null || status=1
    HIPAAFS_BURN_ROUNDS=${HIPAAFS_BURN_ROUNDS:-20} \
        tests/HipaaFs.FaultFs.Tests/bin/Release/net10.0/HipaaFs.FaultFs.Tests -noLogo -noColor -showLiveOutput -class "*OverloadBurnTests" < /dev/null || status=1
    HIPAAFS_CRASH_POINTS=${HIPAAFS_CRASH_POINTS:-0} \
        tests/HipaaFs.FaultFs.Tests/bin/Release/net10.0/HipaaFs.FaultFs.Tests -noLogo -noColor -class "*CrashPointTests" < /dev/null || status=1
    HIPAAFS_FAILURE_POINTS=${HIPAAFS_FAILURE_POINTS:-0} \
        tests/HipaaFs.FaultFs.Tests/bin/Release/net10.0/HipaaFs.FaultFs.Tests -noLogo -noColor -showLiveOutput -class "*FailurePointTests" < /dev/null || status=1
    soak_with_suites || status=1
    return $status
}

# Suites of others are no part of the project: who has built one names it.
soak_with_suites() {
    local work status=0
    work=$(mktemp -d /var/tmp/hipaafs-soak.XXXXXX)
    if [[ -n ${HIPAAFS_PJDFSTEST:-} ]]; then
        tests/pjdfstest/run.sh "$HIPAAFS_PJDFSTEST" "$work/pjdfstest" || status=1
    else
        say "skipped: pjdfstest (HIPAAFS_PJDFSTEST names no built tree)"
    fi
    if [[ -n ${HIPAAFS_XFSTESTS:-} ]]; then
        tests/xfstests/stress.sh "$HIPAAFS_XFSTESTS" "$work/xfstests" || status=1
    else
        say "skipped: fsx and fsstress (HIPAAFS_XFSTESTS names no built tree)"
    fi
    [[ $status -ne 0 ]] || rm -rf "$work"
    return $status
}

verb_bench() {
    need_dotnet
    need_fuse
    need fio:fio gocryptfs:gocryptfs gcc:gcc pkg-config:pkg-config libfuse3:libfuse3-dev
    dotnet build tests/HipaaFs.Benchmarks -c Release -v quiet < /dev/null
    verb_build
    local program=tests/HipaaFs.Benchmarks/bin/Release/net10.0/HipaaFs.Benchmarks status=0
    if [[ $# -gt 0 ]]; then
        "$program" "$@"
        return
    fi
    "$program" null || status=1
    "$program" volume || status=1
    return $status
}

verb_fuzz() {
    need_dotnet
    dotnet build tests/HipaaFs.Fuzz -c Release -v quiet < /dev/null
    tests/HipaaFs.Fuzz/bin/Release/net10.0/HipaaFs.Fuzz "$@"
}

verb_pack() {
    verb_build
    local version name runtime
    runtime=$(runtime) || exit 1
    version=$(sed -n 's:.*<VersionPrefix>\(.*\)</VersionPrefix>.*:\1:p' Directory.Build.props)
    name=hipaafs-$version-$runtime
    tar -C artifacts --transform "s:^hipaafs:$name:" --owner=0 --group=0 --numeric-owner --sort=name -czf "artifacts/$name.tar.gz" hipaafs
    say "packed artifacts/$name.tar.gz"
}

case ${1:-help} in
    build | mount | test | soak | bench | fuzz | pack) verb=$1; shift; "verb_$verb" "$@" ;;
    help | -h | --help) usage ;;
    *) usage >&2; exit 2 ;;
esac
