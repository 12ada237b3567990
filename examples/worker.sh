#!/usr/bin/env bash
# A worker for the cost items of an audit, with curl and jq only: INTERLOCK_KEY=… worker.sh API_URL [LEASE_SECONDS]
# The key is never an argument of a command, because `ps` shows arguments to everybody on the machine.
set -euo pipefail
api=$1 seconds=${2:-60} key=${INTERLOCK_KEY:?is not set: the key of an account that may do work:cost_worker}
unset INTERLOCK_KEY # keep the key out of the environment of the commands below

call() { curl -sS --fail-with-body -H @<(printf 'Authorization: Bearer %s\n' "$key") "$@"; }
post() { call --json @- "$api/$1" <<< "$2"; }

# Print the rows as a JSON array. Many rows are not in the context: they are downloaded, one JSON object on each line.
rows() {
    local digest
    digest=$(jq -r '.rows_ref.id // empty' <<< "$2")
    if [ -z "$digest" ]; then jq '.rows' <<< "$2"; else
        call "$api/work/$1/artifacts/$digest" | jq -s '.'; fi
}

while true; do
    leased=$(post work/lease "{\"agent\": \"cost_worker\", \"seconds\": $seconds, \"wait\": 20}")
    lease=$(jq -r '.items[0].lease // empty' <<< "$leased")
    [ -n "$lease" ] || continue
    known=$(jq '.items[0].work_context' <<< "$leased")
    cost=$(rows "$lease" "$known" | jq --argjson known "$(jq '.rows = []' <<< "$known")" '
        ($known.period | if .first and .weekends == false then 260 / .working_days elif .first then 365.25 / .days
            elif .type == "working_days" then 260 / .working_days
            else {day: 260, week: 52, month: 12, quarter: 4, year: 1}[.type] end) as $periods_a_year |
        ([.[].estimated_minutes // 0] | add / 60) as $hours | ($known.hourly_rate | tonumber) as $rate |
        ($hours * $rate * $periods_a_year) as $annual | {total_hours: ($hours * 100 | round / 100), hourly_rate: $rate,
        monthly_cost: ($annual / 12 * 100 | round / 100), annual_cost: ($annual * 100 | round / 100)}
        + ($known | {currency, period})')
    post "work/$lease/deliverables" "{\"type\": \"cost_analysis\", \"content\": $cost, \"confidence\": 0.7}" > /dev/null
    post "work/$lease/complete" "{\"evidence\": $cost}"
    echo
done
