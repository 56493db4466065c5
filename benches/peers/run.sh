#!/usr/bin/env bash
# Measures finvault's sealed file beside plain SQLite, SQLCipher and SQLite3 Multiple Ciphers: builds one program for each
# engine, and lets them take turns. FINVAULT_BENCH_SCALE, _ROUNDS and _ONLY are those of `cargo bench --bench store`. It
# needs a C compiler, OpenSSL's headers (libssl-dev) and npm, which fetches the package that carries the source of SQLite3
# Multiple Ciphers; without npm that engine is left out, and the script says so.
set -euo pipefail
cd "$(dirname "$0")"

work=${FINVAULT_PEERS_FOLDER:-target}
mkdir -p "$work"
work=$(cd "$work" && pwd)
package=better-sqlite3-multiple-ciphers version=13.0.3

build() { # build ENGINE FEATURES
    cargo build --locked --release --features "$2" --target-dir "$work/$1" --quiet
    engines+=("$1=$work/$1/release/finvault-peers")
}

engines=()
build plain plain
build sqlcipher sqlcipher
if command -v npm >/dev/null; then
    mkdir -p "$work/source"
    if [ ! -f "$work/source/libsqlite3.a" ]; then
        (cd "$work/source" && npm pack --silent "$package@$version" >/dev/null && tar xzf "$package-$version.tgz" package/deps/sqlite3)
        # The options with which rusqlite builds plain SQLite, and the cipher's own instructions of this processor.
        cc -O3 -march=native -c -o "$work/source/sqlite3.o" \
            -DSQLITE_CORE -DSQLITE_DEFAULT_FOREIGN_KEYS=1 -DSQLITE_ENABLE_API_ARMOR -DSQLITE_ENABLE_COLUMN_METADATA \
            -DSQLITE_ENABLE_DBSTAT_VTAB -DSQLITE_ENABLE_FTS3 -DSQLITE_ENABLE_FTS3_PARENTHESIS -DSQLITE_ENABLE_FTS5 \
            -DSQLITE_ENABLE_JSON1 -DSQLITE_ENABLE_LOAD_EXTENSION=1 -DSQLITE_ENABLE_RTREE -DSQLITE_ENABLE_STAT4 \
            -DSQLITE_SOUNDEX -DSQLITE_THREADSAFE=1 -DSQLITE_USE_URI -DHAVE_USLEEP=1 -DHAVE_ISNAN -DHAVE_LOCALTIME_R \
            "$work/source/package/deps/sqlite3/sqlite3.c"
        ar rcs "$work/source/libsqlite3.a" "$work/source/sqlite3.o"
    fi
    SQLITE3_LIB_DIR="$work/source" SQLITE3_STATIC=1 PKG_CONFIG_LIBDIR="$work/source" build multiple-ciphers multiple-ciphers
else
    echo "npm is not here: SQLite3 Multiple Ciphers is left out" >&2
fi
build finvault-portable finvault-portable
build finvault-ring finvault-ring

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$work/plain/release/finvault-peers" compare "$folder" "${engines[@]}"
