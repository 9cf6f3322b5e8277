#!/usr/bin/env bash
# A whole Ceph object store for tests: one monitor, one object storage daemon in memory, one S3 gateway, all on loopback.
#   ceph.sh up DIR PORT     starts it; S3 is http://127.0.0.1:(PORT+50) and https://localhost:(PORT+51), trusted by DIR/ca.pem; uses PORT..PORT+51
#   ceph.sh down DIR        ends what was started there, by the pids it wrote
# User "test" with access key AKTEST and secret SKTEST; storage classes STANDARD, STANDARD_IA, GLACIER_IR, GLACIER, DEEP_ARCHIVE.
# Needs Debian's ceph-mon, ceph-osd, radosgw, ceph-common and openssl. ADDRESS moves the gateway from 127.0.0.1 to another address,
# MEMSTORE_BYTES says how much it takes (8 GiB).
set -euo pipefail

usage() { sed -n '2,7p' "$0" | sed 's/^# \{0,1\}//' >&2; exit 2; }

pids() { cat "$1"/run/client.rgw.a.pid "$1"/run/osd.0.pid "$1"/run/mon.a.pid 2>/dev/null || true; }

alive() {
    local pid
    for pid in $(pids "$1"); do kill -0 "$pid" 2>/dev/null && return 0; done
    return 1
}

down() {
    local dir=$1 pid
    for pid in $(pids "$dir"); do kill -TERM "$pid" 2>/dev/null || true; done
    for _ in $(seq 30); do alive "$dir" || return 0; sleep 0.1; done
    for pid in $(pids "$dir"); do kill -KILL "$pid" 2>/dev/null || true; done
}

configure() {
    local dir=$1 port=$2 address=$3
    cat > "$dir/ceph.conf" <<CONF
[global]
fsid = $(cat /proc/sys/kernel/random/uuid)
mon_host = [v2:127.0.0.1:$port,v1:127.0.0.1:$((port + 1))]
mon_initial_members = a
public_addr = 127.0.0.1
cluster_addr = 127.0.0.1
public_network = 127.0.0.0/8
ms_bind_port_min = $((port + 10))
ms_bind_port_max = $((port + 40))
run_dir = $dir/run
admin_socket = $dir/run/\$name.\$pid.asok
pid_file = $dir/run/\$name.pid
log_file = $dir/log/\$name.log
crash_dir = $dir/run
keyring = $dir/keyring
setuser_match_path =
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 1
osd_pool_default_pgp_num = 1
osd_pool_default_pg_autoscale_mode = off
osd_crush_chooseleaf_type = 0
mon_allow_pool_size_one = true
mon_warn_on_pool_no_redundancy = false
mon_data = $dir/mon
mon_data_avail_crit = 1
mon_data_avail_warn = 2
mon_max_pg_per_osd = 2000
mon_tick_interval = 1
mon_client_hunt_interval = 1
paxos_propose_interval = 0.05
paxos_min_wait = 0.01
ms_initial_backoff = 0.05
ms_async_op_threads = 1
osd_mon_shutdown_timeout = 1
osd_data = $dir/osd
osd_objectstore = memstore
memstore_device_bytes = ${MEMSTORE_BYTES:-8589934592}
osd_op_num_shards = 2
osd_op_num_threads_per_shard = 1
osd_heartbeat_grace = 120
osd_class_update_on_start = false
rgw_frontends = beast endpoint=$address:$((port + 50)) ssl_endpoint=$address:$((port + 51)) ssl_certificate=$dir/tls.pem ssl_private_key=$dir/tls.pem
rgw_data = $dir/rgw
rgw_thread_pool_size = 64
rgw_num_rados_handles = 1
rgw_dynamic_resharding = false
rgw_override_bucket_index_max_shards = 1
rgw_enable_usage_log = false
rgw_gc_obj_min_wait = 5
rgw_gc_processor_period = 10
rgw_run_sync_thread = false
rgw_ops_log_rados = false
rgw_crypt_require_ssl = false
rgw_crypt_s3_kms_backend = testing
rgw_crypt_s3_kms_encryption_keys = testkey-1=YmluCmJvb3N0CmJvb3N0LWJ1aWxkCmNlcGguY29uZgo=
CONF
}

keys() {
    local ring=$1/keyring name
    ceph-authtool --create-keyring "$ring" > /dev/null
    for name in mon. client.admin osd.0 client.rgw.a; do
        ceph-authtool "$ring" --gen-key -n "$name" --cap mon 'allow *' --cap osd 'allow *' --cap mgr 'allow *'
    done
}

monitor() {
    local dir=$1 port=$2
    monmaptool --create --clobber --fsid "$(sed -n 's/^fsid = //p' "$dir/ceph.conf")" \
        --addv a "[v2:127.0.0.1:$port,v1:127.0.0.1:$((port + 1))]" "$dir/monmap" > /dev/null
    ceph-mon -i a --mkfs --monmap "$dir/monmap" --keyring "$dir/keyring"
    ceph-mon -i a
}

storage() {
    local uuid id
    uuid=$(cat /proc/sys/kernel/random/uuid)
    id=$(ceph osd new "$uuid")
    ceph osd crush add-bucket default root > /dev/null 2>&1 || true
    ceph-osd -i "$id" --mkfs --osd-uuid "$uuid"
    ceph-osd -i "$id"
}

gateway() {
    local dir=$1 port=$2 address=$3 class
    radosgw-admin user create --uid=test --display-name=test --access-key=AKTEST --secret=SKTEST > /dev/null
    for class in STANDARD_IA GLACIER_IR GLACIER DEEP_ARCHIVE; do
        radosgw-admin zonegroup placement add --rgw-zonegroup default --placement-id default-placement --storage-class "$class" > /dev/null
        radosgw-admin zone placement add --rgw-zone default --placement-id default-placement --storage-class "$class" \
            --data-pool default.rgw.cold.data > /dev/null
    done
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=localhost \
        -addext "subjectAltName=DNS:localhost,IP:$address" -keyout "$dir/key.pem" -out "$dir/ca.pem" 2> /dev/null
    cat "$dir/key.pem" "$dir/ca.pem" > "$dir/tls.pem"
    radosgw -n client.rgw.a
    for _ in $(seq 1500); do
        (exec 3<> "/dev/tcp/$address/$((port + 50))") 2> /dev/null && return 0
        sleep 0.1
    done
    echo "the gateway does not answer; see $dir/log" >&2
    return 1
}

up() {
    local dir port=$2 address=${ADDRESS:-127.0.0.1}
    mkdir -p "$1"
    dir=$(cd "$1" && pwd)
    mkdir -p "$dir"/{mon,osd,rgw,run,log}
    configure "$dir" "$port" "$address"
    export CEPH_CONF=$dir/ceph.conf
    keys "$dir"
    monitor "$dir" "$port"
    storage
    gateway "$dir" "$port" "$address"
}

case "${1:-}" in
    up) [ $# = 3 ] || usage; up "$2" "$3" ;;
    down) [ $# = 2 ] || usage; down "$2" ;;
    *) usage ;;
esac
