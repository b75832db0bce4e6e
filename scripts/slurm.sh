#!/usr/bin/env bash
# A real SLURM on this machine, for the tests: two nodes (n1, n2) of one core each, over loopback, without accounting.
#
#   bash scripts/slurm.sh install              Debian's slurm-wlm and munge, if root may install them: 11 s here
#   bash scripts/slurm.sh start DIR [SECONDS]  start it; it ends by itself after so many seconds (default 600)
#   export SLURM_CONF=DIR/slurm.conf           then sinfo, sbatch, scancel, scontrol work
#   bash scripts/slurm.sh stop DIR             cancel its jobs, and end it
#
# All of it lives in DIR. The daemons are this user's, who must be root: slurmd starts jobs as their owners.
set -euo pipefail
export PATH=$PATH:/usr/sbin:/sbin

install_packages() {
    command -v slurmctld >/dev/null && command -v slurmd >/dev/null && command -v munged >/dev/null && return
    if ! command -v apt-get >/dev/null || [ "$(id -u)" != 0 ]; then
        echo "slurm-wlm and munge are missing: the tests with a real SLURM are skipped."
        echo "On Debian: sudo apt-get install slurm-wlm munge (the tests themselves need root too)"
        return
    fi
    echo "Installing Debian's slurm-wlm and munge, once, for the tests with a real SLURM."
    apt-get -qq update
    DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends slurm-wlm munge >/dev/null
}

start() {
    dir=$(mkdir -p "$1" && cd "$1" && pwd)
    seconds=${2:-600}
    host=$(hostname -s)
    port=$((20000 + RANDOM % 10000 * 3))
    memory=$(($(awk '/MemTotal/ {print $2}' /proc/meminfo) / 1024))
    mkdir -p "$dir"/{state,log}
    head -c 1024 /dev/urandom >"$dir/munge.key" && chmod 400 "$dir/munge.key"
    cat >"$dir/slurm.conf" <<CONF
ClusterName=lab
SlurmctldHost=$host(127.0.0.1)
AuthType=auth/munge
AuthInfo=socket=$dir/munge.sock
CredType=cred/munge
SlurmUser=root
SlurmdUser=root
StateSaveLocation=$dir/state
SlurmdSpoolDir=$dir/spool-%n
SlurmctldPidFile=$dir/ctld.pid
SlurmdPidFile=$dir/d-%n.pid
SlurmctldLogFile=$dir/log/ctld.log
SlurmdLogFile=$dir/log/d-%n.log
SlurmctldPort=$port
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SchedulerType=sched/backfill
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
MpiDefault=none
ReturnToService=2
SlurmdParameters=config_overrides
KillWait=10
NodeName=n1 NodeHostname=$host NodeAddr=127.0.0.1 Port=$((port + 1)) CPUs=1 RealMemory=$memory
NodeName=n2 NodeHostname=$host NodeAddr=127.0.0.1 Port=$((port + 2)) CPUs=1 RealMemory=$memory
PartitionName=main Nodes=n1,n2 Default=YES MaxTime=INFINITE State=UP
CONF
    export SLURM_CONF=$dir/slurm.conf
    # In the foreground, each below a clock of its own: nothing outlives the time it was given.
    run() { setsid timeout --kill-after=10 "$seconds" "$@" >>"$dir/log/said" 2>&1 </dev/null & echo $! >>"$dir/clocks"; }
    run munged --foreground --force --socket="$dir/munge.sock" --key-file="$dir/munge.key" --pid-file="$dir/munge.pid" \
        --log-file="$dir/log/munge.log" --seed-file="$dir/munge.seed"
    for _ in $(seq 100); do [ -S "$dir/munge.sock" ] && break; sleep 0.1; done
    run slurmctld -D
    run slurmd -D -N n1
    run slurmd -D -N n2
    for _ in $(seq 150); do
        [ "$(sinfo --noheader --states=idle --format=%D 2>/dev/null)" = 2 ] && return
        sleep 0.1
    done
    echo "SLURM did not come up within 15 s. Its logs are in $dir/log:" >&2
    tail -n 5 "$dir"/log/* >&2
    stop "$dir"
    return 1
}

stop() {
    export SLURM_CONF=$1/slurm.conf
    timeout 10 scancel --full --user="$(id -un)" 2>/dev/null || true
    for _ in $(seq 50); do [ -z "$(timeout 5 squeue --noheader 2>/dev/null)" ] && break; sleep 0.1; done
    while read -r clock; do kill "$clock" 2>/dev/null || true; done <"$1/clocks"
    for _ in $(seq 50); do
        alive=0
        while read -r clock; do kill -0 "$clock" 2>/dev/null && alive=1; done <"$1/clocks"
        [ "$alive" = 0 ] && break
        sleep 0.1
    done
    rm -f "$1/clocks"
}

case ${1:-} in
install) install_packages ;;
start) start "$2" "${3:-600}" ;;
stop) stop "$2" ;;
*) sed -n '2,10s/^# \{0,1\}//p' "$0"; exit 2 ;;
esac
