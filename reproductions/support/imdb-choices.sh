#!/usr/bin/env bash
# How far each choice that the paper leaves open in Figure 1 (right) takes us from its curves: the
# table of reproductions/imdb-logistic/README.md. One seed each; finished runs are kept in FOLDER.
# usage: imdb-choices.sh FOLDER [option of imdb-logistic...]
set -euo pipefail

folder=${1:?usage: imdb-choices.sh FOLDER [option of imdb-logistic...]}
shift
program=${PROGRAM:-.build/release/imdb-logistic}
result=$folder/choices.h5

choices() {
  cat << 'END'
Adagrad+dropout      alpha=0.01
Adagrad+dropout      alpha=0.02
Adagrad+dropout      alpha=0.03
Adagrad+dropout      alpha=0.02 features=binary
Adagrad+dropout      alpha=0.02 tokenization=words-and-marks
Adagrad+dropout      alpha=0.02 tokenization=published
Adagrad+dropout      alpha=0.02 l2=1e-4
Adagrad+dropout      alpha=0.02 dropout-scaling=at-evaluation
Adagrad+dropout      alpha=0.05 dropout-scaling=at-evaluation
Adagrad+dropout      alpha=0.1 schedule=alpha/sqrt(epoch)
RMSProp+dropout      alpha=0.002 schedule=alpha/sqrt(epoch)
RMSProp+dropout      alpha=0.003 schedule=alpha/sqrt(epoch)
RMSProp+dropout      alpha=0.001 schedule=constant
RMSProp+dropout      alpha=0.0005 schedule=constant
RMSProp+dropout      alpha=0.002 schedule=alpha/sqrt(epoch) features=binary
RMSProp+dropout      alpha=0.002 schedule=alpha/sqrt(epoch) l2=1e-4
Adam+dropout         alpha=0.001 schedule=alpha/sqrt(epoch)
Adam+dropout         alpha=0.002 schedule=alpha/sqrt(epoch)
Adam+dropout         alpha=0.003 schedule=alpha/sqrt(epoch)
Adam+dropout         alpha=0.03 schedule=alpha/sqrt(step)
Adam+dropout         alpha=0.001 schedule=constant
Adam+dropout         alpha=0.002 schedule=alpha/sqrt(epoch) features=binary
Adam+dropout         alpha=0.002 schedule=alpha/sqrt(epoch) l2=1e-4
Adam+dropout         alpha=0.002 schedule=alpha/sqrt(epoch) l2=1e-5
Adam+dropout         alpha=0.005 schedule=alpha/sqrt(epoch) dropout-scaling=at-evaluation
SGDNesterov+dropout  alpha=0.03 momentum=0.9
SGDNesterov+dropout  alpha=0.04 momentum=0.9
SGDNesterov+dropout  alpha=0.05 momentum=0.9
SGDNesterov+dropout  alpha=0.15 momentum=0.5
SGDNesterov+dropout  alpha=0.1 momentum=0.9 dropout-scaling=at-evaluation
SGDNesterov+dropout  alpha=0.03 momentum=0.9 l2=1e-4
SGDNesterov+dropout  alpha=0.04 momentum=0.9 l2=1e-4
SGDNesterov+dropout  alpha=0.03 momentum=0.9 tokenization=published
SGDNesterov+dropout  alpha=0.3 momentum=0.9 schedule=alpha/sqrt(epoch)
SGDNesterov+dropout  alpha=0.1 momentum=0.9 features=binary
SGDNesterov+dropout  alpha=0.3 momentum=0.9 features=binary
SGDNesterov+dropout  alpha=2 momentum=0.9 schedule=alpha/sqrt(epoch) features=binary
END
}

echo '| curve | choice | distance |'
echo '| --- | --- | --- |'
while read -r curve words; do
  read -r -a settings <<< "$words"
  # The result is made anew from the runs, so that its verdicts are printed.
  rm -f "$result"
  distance=$("$program" --seeds 0 --optimizers "$curve" "${settings[@]/#/--}" \
    --output "$result" "$@" < /dev/null 2> /dev/null \
    | awk -v id="fig1b.match.$(tr 'A-Z+' 'a-z-' <<< "$curve")" '$0 ~ id { print $NF; exit }')
  echo "| $curve | ${words//=/ = } | ${distance:-none} |"
done < <(choices)
