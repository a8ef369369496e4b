#!/usr/bin/env bash
# Proves: the recipe of docs/cluster.md for GNU parallel makes the same content as one process, with two
# "hosts" behind an sshd of its own on the loopback interface. The Kubernetes recipe's command is run too,
# once a completion index, without Kubernetes. Needs root for sshd, and Debian's parallel and
# openssh-server, which it installs if they are missing.
# shellcheck source-path=SCRIPTDIR source=slurm-common.sh
source "$(dirname "$0")/slurm-common.sh"
add_packages parallel openssh-server openssh-client
experiments='mnist-logistic regret'

(cd "$tree" && reproductions/support/reproduce-all.sh smoke '' "$experiments" --profile smoke) > "$work/said" 2>&1 \
  || fail "locally: $(tail -n 3 "$work/said")"
mv "$tree/results/smoke" "$work/local"

port=$(free_port)
for key in host user; do ssh-keygen -q -t ed25519 -N '' -f "$work/$key"; done
cp "$work/user.pub" "$work/authorized"
mkdir -p /run/sshd
/usr/sbin/sshd -f /dev/null -p "$port" -h "$work/host" -o ListenAddress=127.0.0.1 -o StrictModes=no \
  -o AuthorizedKeysFile="$work/authorized" -o PidFile="$work/sshd.pid" -o PermitRootLogin=prohibit-password
await 10 test -s "$work/sshd.pid"
# Beside the two hosts, as ~/.ssh/config has it elsewhere.
ssh="ssh -F /dev/null -p $port -i $work/user -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR"
printf '%s\n' "1/$ssh root@127.0.0.1" "1/$ssh root@localhost" > "$work/hosts"

cd "$tree"
printf '%s\n' ELEMENT_MINUTES=1 ELEMENTS=3 > cluster.conf
round=(reproductions/support/cluster.sh round smoke '' "$experiments" --profile smoke)
# The loop of docs/cluster.md.
rounds=0
while count=$("${round[@]}" 2>> "$work/said") && [ "$count" -gt 0 ]; do
  rounds=$((rounds + 1))
  seq "$count" | parallel --sshloginfile "$work/hosts" --workdir "$PWD" \
    reproductions/support/cluster.sh task results/smoke/cluster >> "$work/said" 2>&1 || true
done
[ "${count:-1}" = 0 ] || fail "$(tail -n 5 "$work/said")"
same "$work/local" results/smoke
say "GNU parallel over ssh: $rounds rounds with the same content"

rm -rf results/smoke
rounds=0
command=$(sed -n "/args:/,/resources:/p" reproductions/support/kubernetes.yaml | sed '1,2d;$d' | sed 's/PROFILE/smoke/')
while count=$("${round[@]}" 2>> "$work/said") && [ "$count" -gt 0 ]; do
  rounds=$((rounds + 1))
  for ((index = 0; index < count; index++)); do
    JOB_COMPLETION_INDEX=$index bash -c "$command" >> "$work/said" 2>&1 || fail "index $index"
  done
done
[ "${count:-1}" = 0 ] || fail "$(tail -n 5 "$work/said")"
same "$work/local" results/smoke
say "the Indexed Job's command by hand: $rounds rounds with the same content"
