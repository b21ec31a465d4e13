# What the scripts of the integration tests share, to be sourced: a folder of their own in which they are then, which
# is gone at the end; cases that are counted; and the last line, which says how many there were.
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
passed=0 failed=0

check() {  # check TITLE COMMAND...
  local title=$1
  shift
  if "$@" >"$dir/log" 2>&1; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    echo "not ok: $title"
    tail -n 20 "$dir/log"
    [[ ! -e $dir/out ]] || tail -n 100 "$dir/out"
  fi
}

finish() {
  echo "$passed passed, $failed failed"
  ((failed == 0 && passed > 0))
}
