#!/bin/sh
# Makes the secrets of compose.prod.yaml as files in deploy/secrets, once: a file that is there stays as it is.
# The folder is closed to other accounts; the files in it can be read by whoever a container runs as.
set -eu
umask 077
folder=${1:-$(dirname "$0")/secrets}
mkdir -p "$folder"

random() {
    od -An -tx1 -N32 /dev/urandom | tr -d ' \n'
}

keep() {
    [ -e "$folder/$1" ] || printf '%s\n' "$2" >"$folder/$1"
    chmod 0444 "$folder/$1"
}

keep secret_key "$(random)"
keep database_password "$(random)"
keep database_url "postgresql://interlock:$(cat "$folder/database_password")@postgres:5432/interlock"
keep valkey_conf "requirepass $(random)"
keep redis_url "redis://:$(cut -d' ' -f2 "$folder/valkey_conf")@valkey:6379/0"
keep email_url ""
keep variables ""
keep models ""
echo "The secrets are in $folder. Keep a copy of them where nobody else reads it."
