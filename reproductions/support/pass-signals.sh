# shellcheck shell=bash
# For scripts that start experiments: a signal to the script is one to the experiment that is running,
# whose checkpoint is worth waiting for.
# shellcheck disable=SC2034  # status and stopped are for the scripts that read this one
child='' stopped='' status=0
pass_on() {
  stopped=1
  [ -z "$child" ] || kill -"$1" "$child" 2> /dev/null
}
for signal in INT TERM HUP USR1; do
  # shellcheck disable=SC2064  # the signal's name now
  trap "pass_on $signal" "$signal"
done

# run COMMAND...: its status in $status; 75 without starting it if a signal has come.
run() {
  status=75
  [ -z "$stopped" ] || return 0
  "$@" < /dev/null &
  child=$!
  while :; do
    wait "$child"
    status=$?
    # A signal ends the wait early, while the child is still there.
    kill -0 "$child" 2> /dev/null || break
  done
  child=''
}
