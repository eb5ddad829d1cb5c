#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The language server on its streams: an editor's client library, hostile input, and how long diagnostics take.
. tests/scripts/tap.sh.inc

ends() { # STATUS TEXT BYTES: the server ends with STATUS after BYTES, and says TEXT
	timeout 60 python3 tests/tools/lsp_client.py "$saker" status "$3" >"$work/said" 2>&1
	status=$?
	[ $status -eq "$1" ] && { [ -z "$2" ] || grep -qF -- "$2" "$work/said"; } && return 0
	echo "exit status $status, expected $1; '$2' is expected in:"
	cat "$work/said"
	return 1
}

initialize='Content-Length: 58\r\n\r\n{"jsonrpc":"2.0","id":1,"method":"initialize","params":{}}'
shutdown='Content-Length: 44\r\n\r\n{"jsonrpc":"2.0","id":2,"method":"shutdown"}'
exit='Content-Length: 33\r\n\r\n{"jsonrpc":"2.0","method":"exit"}'

expect "exit after shutdown is status 0" ends 0 '"id":2,"result":null' "$initialize$shutdown$exit"
expect "exit without shutdown is status 1" ends 1 '"serverInfo"' "$initialize$exit"
expect "the end of the input is status 1" ends 1 '"serverInfo"' "$initialize"
expect "no input at all is status 1" ends 1 '' ''
expect "a request before initialize is refused" ends 1 '"code":-32002' "$shutdown$exit"
expect "what is no JSON is answered" ends 1 '"code":-32700' 'Content-Length: 3\r\n\r\n{,}'"$exit"
expect "a stream of something else ends it" ends 3 'a header without Content-Length' 'GET / HTTP/1.1\r\n\r\n'
expect "a length that is too large ends it" ends 3 'more than 64 MiB' 'Content-Length: 99999999999\r\n\r\n'
expect "a length that is no number ends it" ends 3 'no number' 'Content-Length: many\r\n\r\n'
expect "a header without end ends it" ends 3 'without an end' \
	"$(head -c 10000 /dev/zero | tr '\0' 'x')"
expect "deep nesting is answered" ends 1 '"code":-32700' \
	"Content-Length: 20000\r\n\r\n$(head -c 20000 /dev/zero | tr '\0' '[')$exit"
expect "a server whose output nobody reads ends" exits 5 sh -c \
	"printf '$initialize' | { \"$saker\" lsp >/dev/full 2>/dev/null; }"

packs="$shared/data/packs/falco_rules.yaml $shared/data/packs/falco-incubating_rules.yaml
	$shared/data/packs/falco-sandbox_rules.yaml"
quick() {
	# Sanitizers cost ten times as much; other work on the machine counts here too.
	limit=500
	[ "${SAN:-}" = 1 ] && limit=5000
	# shellcheck disable=SC2086
	times=$(timeout 120 python3 tests/tools/lsp_client.py "$saker" latency $packs) || return 1
	echo "$times" >"$work/times"
	[ "$(echo "$times" | awk '{ print int($1) }')" -lt $limit ] || {
		echo "median and worst in ms: $times"
		return 1
	}
}
name="diagnostics of the three official packs come soon after a keystroke"
if [ -r "$shared/data/packs/falco_rules.yaml" ]; then
	expect "$name" quick
	echo "# milliseconds from a keystroke to its diagnostics, median and worst: $(cat "$work/times")"
else
	skip "$name" "$shared is not here"
fi

# The client library of VS Code, as npm has it; it stays in the build folder.
client=$build/lsp-client
library=vscode-languageserver-protocol@3.17.5
name="an editor's client library uses every capability"
reason=
if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
	reason="node and npm are not here"
elif [ ! -d "$client/node_modules" ]; then
	mkdir -p "$client"
	timeout 120 npm install --silent --no-audit --no-fund --ignore-scripts --prefix "$client" $library \
		>"$work/npm.log" 2>&1 || {
		rm -rf "$client"
		reason="npm cannot install $library"
	}
fi
if [ -n "$reason" ]; then
	skip "$name" "$reason"
else
	timeout 120 node tests/tools/lsp_session.mjs "$client" "$saker" "$work/packs" >"$work/session" 2>&1
	session=$?
	while read -r line; do
		case $line in
		"ok "* | "not ok "*)
			number=$((number + 1))
			case $line in not*) failures=$((failures + 1)) ;; esac
			echo "${line%% [0-9]*} $number - client library: ${line#* - }"
			;;
		1..*) ;;
		*) echo "$line" ;;
		esac
	done <"$work/session"
	expect "the session with the client library came to its end" [ $session -eq 0 ]
fi
finish
