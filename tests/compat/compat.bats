#!/usr/bin/env bats
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Ordinary programs give the same output and exit status with the library as without it, and it reports nothing.
# Each workload is a script that runs twice, in an empty directory and a minimal environment.
#
# shellcheck disable=SC2016 # the scripts are for another shell

setup_file() {
    cd "$BATS_TEST_DIRNAME/../.." || return 1
    ulimit -c 0
    export LIB=${LIB:-$PWD/${BUILD:-build/release}/libcompatmalloc.so.1}
}

setup() {
    [ -z "${CROSS:-}" ] || skip "this machine has no programs for $CROSS"
}

# Skip the test unless these programs are here.
need() {
    local program
    for program in "$@"; do
        command -v "$program" >/dev/null || skip "$program is not installed; tests/packages.txt names its package"
    done
}

# Run the script in $script in directory $1 with the variables that follow; its output goes to $1.out and $1.err.
run_script() {
    local directory=$BATS_TEST_TMPDIR/$1
    shift
    mkdir -p "$directory"
    status=0
    (
        cd "$directory" || exit 1
        exec env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME="$directory" \
            LC_ALL=C.UTF-8 TZ=UTC TERM=dumb COMPATMALLOC_CONF="${COMPATMALLOC_CONF:-}" "$@" /bin/bash -c "$script"
    ) >"$directory.out" 2>"$directory.err" </dev/null || status=$?
    echo "exit status $status" >>"$directory.out"
}

# The dynamic linker's own log must show that a process of this program had the library. One file holds the programs
# that one process became, one after the other.
was_loaded_by() {
    cat "$BATS_TEST_TMPDIR"/ld.* | awk -v library="${LIB##*/}" -v program="$1" '
        index($0, library) { loaded = 1 }
        /initialize program: / {
            name = $NF
            sub(/.*\//, "", name)
            if (loaded && name == program)
                found = 1
            loaded = 0
        }
        END { exit !found }'
}

# Compare the script on standard input with and without the library. The arguments are programs that must have had it;
# those marked with + are started by others, from where no PATH leads.
same() {
    local script program failed=
    script="set -eu
$(cat)"
    for program in "$@"; do
        [ "${program#+}" != "$program" ] || need "$program"
    done
    run_script plain
    run_script preloaded LD_PRELOAD="$LIB"
    if ! grep -q '^exit status 0$' "$BATS_TEST_TMPDIR/plain.out"; then
        echo "the workload does not work without the library either:"
        tail -5 "$BATS_TEST_TMPDIR/plain.out" "$BATS_TEST_TMPDIR/plain.err"
        failed=yes
    fi
    # Paths differ by the name of the run's directory alone.
    sed -i "s|$BATS_TEST_TMPDIR/preloaded|$BATS_TEST_TMPDIR/plain|g" "$BATS_TEST_TMPDIR/preloaded.out"
    if ! diff -u "$BATS_TEST_TMPDIR/plain.out" "$BATS_TEST_TMPDIR/preloaded.out" >"$BATS_TEST_TMPDIR/diff"; then
        echo "the output differs:"
        head -30 "$BATS_TEST_TMPDIR/diff"
        head -10 "$BATS_TEST_TMPDIR/preloaded.err"
        failed=yes
    fi
    if grep -a '^compatmalloc:' "$BATS_TEST_TMPDIR/preloaded.err" "$BATS_TEST_TMPDIR/preloaded.out"; then
        echo "the library reported something"
        failed=yes
    fi
    # A run of its own: where it cannot open its file, the dynamic linker writes its log into the program's output.
    run_script logged LD_PRELOAD="$LIB" LD_DEBUG=files LD_DEBUG_OUTPUT="$BATS_TEST_TMPDIR/ld"
    for program in "$@"; do
        if ! was_loaded_by "${program#+}"; then
            echo "no process of ${program#+} had the library"
            failed=yes
        fi
    done
    [ -z "$failed" ]
}

@test "coreutils: text" {
    same sort uniq cut tr wc paste join comm tac fmt split shuf tsort nl <<'SCRIPT'
seq 1 200000 | awk '{ print ($1 * 7919) % 100003, $1 }' >numbers
sort -n numbers | sha256sum
sort -k2,2 -u -S 1M --parallel=4 numbers | sha256sum
cut -d' ' -f1 numbers | sort | uniq -c | sort -rn | head -20
tr 0-9 a-j <numbers | wc
paste numbers numbers | tac | head -3
sort -k1,1 numbers >a
seq 1 50 | sort >b
join a b | head
comm -12 <(cut -d' ' -f1 a | sort -u) b | tr '\n' ' '
seq 1 2000 | fmt -w 60 | nl | tail -3
split -l 1000 -a 4 numbers part.
cat part.* | cmp - numbers
shuf --random-source=numbers -n 20 -i 1-100000
printf '%s %s\n' a b b c c d | tsort
SCRIPT
}

@test "coreutils: numbers, hashes and encodings" {
    same factor sha512sum b2sum base64 od numfmt expr date cksum md5sum <<'SCRIPT'
factor 1 99 1000003 18446744073709551557 340282366920938463463374607431768211455
seq 1 100000 >numbers
sha512sum numbers
b2sum numbers
md5sum numbers
cksum numbers
base64 numbers | base64 -d | cmp - numbers
od -A x -t x1z numbers | tail -4
seq 1000 1000000 100000000 | numfmt --to=iec
expr length "$(head -c 100000 numbers)" + 1
date -u -d @1234567890 +%FT%T
SCRIPT
}

@test "coreutils: files" {
    same ls cp mv rm du stat find mkdir ln readlink install dd <<'SCRIPT'
for i in $(seq 1 40); do mkdir -p tree/$i/sub; for j in $(seq 1 20); do echo $i $j >tree/$i/sub/$j; done; done
find tree -type f | wc -l
cp -a tree copy
diff -r tree copy
mv copy moved
ls -R moved | sha256sum
du --apparent-size -b -s moved/1/sub/1
stat -c '%n %s %F %a' moved/1 moved/1/sub/3
ln -s ../1/sub/1 moved/2/link
readlink -f moved/2/link
install -m 644 moved/1/sub/1 installed
dd if=/dev/zero of=zeros bs=64k count=100 status=none
sha1sum zeros
rm -r moved
ls
SCRIPT
}

@test "bash" {
    same bash <<'SCRIPT'
declare -A count
for i in {1..20000}; do count[$((i * 7919 % 1009))]=$i; done
echo ${#count[@]} ${count[5]}
fib() { local n=$1; if [ $n -lt 2 ]; then echo $n; else echo $(($(fib $((n - 1))) + $(fib $((n - 2))))); fi; }
fib 10
list=()
for i in {1..5000}; do list+=("item $i"); done
echo ${#list[@]} "${list[@]:4990}"
text=$(printf 'word%.0s ' {1..20000})
echo ${#text} "${text//word/x}" | cksum
[[ "2024-05-17T10:11:12" =~ ^([0-9]+)-([0-9]+)-([0-9]+)T(.*)$ ]] && echo "${BASH_REMATCH[@]}"
while read -r a b; do echo "$b $a"; done < <(seq 1 1000 | paste - -) | tail -2
printf -v padded '%-200s|' hello
echo "$padded"
mapfile -t lines < <(seq 1 30000)
echo ${#lines[@]} ${lines[29999]}
(trap 'echo trapped' EXIT; exit 3) || echo "subshell $?"
SCRIPT
}

@test "grep, sed, awk, find, xargs, diff" {
    same grep sed find xargs diff <<'SCRIPT'
seq 1 100000 | sed -E 's/([0-9])([0-9])/\2-\1/g; /99/d; $!N; P; D' | cksum
seq 1 300000 | grep -E '(1.*2.*3|9{3,})' | grep -vF 77 | wc -l
seq 1 100000 | grep -oP '(?<=12)3\d*' | sort -u | head
awk 'BEGIN { for (i = 0; i < 200000; i++) a[i % 5003] = a[i % 5003] i; for (k in a) n += length(a[k]); print n }'
seq 1 20000 >one
sed '5000,5100d; s/^7/x/' one >two
diff one two | cksum
diff -u one two | tail -3
seq 1 5000 | xargs -n 50 -P 2 echo | wc -w
find /usr/include -name 'std*.h' | sort | head -5
SCRIPT
}

@test "python3: data structures and libraries" {
    same python3 <<'SCRIPT'
/usr/bin/python3 - <<'PYTHON'
import collections, decimal, gc, hashlib, json, re, sqlite3, struct, zlib
words = [f"word{i * 7919 % 10007}" for i in range(100000)]
print(collections.Counter(words).most_common(5))
tree = {str(i): {"list": list(range(i % 50)), "text": "x" * (i % 300)} for i in range(5000)}
text = json.dumps(tree, sort_keys=True)
print(len(text), hashlib.sha256(text.encode()).hexdigest(), json.loads(text) == tree)
print(zlib.crc32(zlib.decompress(zlib.compress(text.encode(), 9))))
print(len(re.sub(r"(\d+)", lambda m: str(int(m[1]) + 1), text)))
decimal.getcontext().prec = 500
print(decimal.Decimal(2).sqrt())
print(2 ** 5000 % (10 ** 50 + 151))
class Node:
    def __init__(self, parent): self.parent, self.children = parent, []
for round in range(5):
    root = node = Node(None)
    for i in range(20000):
        child = Node(node); node.children.append(child); node = child if i % 3 else root
    del root, node, child
    gc.collect()
database = sqlite3.connect(":memory:")
database.execute("create table t (a integer, b text)")
database.executemany("insert into t values (?, ?)", ((i, "v" * (i % 100)) for i in range(20000)))
print(database.execute("select sum(a), sum(length(b)), count(distinct b) from t").fetchone())
buffer = bytearray()
for i in range(200000): buffer += struct.pack("<I", i)
print(hashlib.md5(buffer).hexdigest())
PYTHON
SCRIPT
}

@test "python3: threads" {
    same python3 <<'SCRIPT'
/usr/bin/python3 - <<'PYTHON'
import concurrent.futures, hashlib, queue, threading, zlib
def work(n):
    data = bytes(i * n & 255 for i in range(20000)) * 20
    return hashlib.sha256(zlib.compress(data)).hexdigest()
with concurrent.futures.ThreadPoolExecutor(16) as pool:
    print(hashlib.sha256("".join(pool.map(work, range(100))).encode()).hexdigest())
channel, results = queue.Queue(50), []
def produce():
    for i in range(20000): channel.put([i] * (i % 30))
    channel.put(None)
def consume():
    while (item := channel.get()) is not None: results.append(len(item))
threads = [threading.Thread(target=f) for f in (produce, consume)]
[t.start() for t in threads]
[t.join() for t in threads]
print(sum(results), len(results))
for i in range(300):
    t = threading.Thread(target=lambda: [bytearray(j) for j in range(500)])
    t.start()
    t.join()
PYTHON
SCRIPT
}

@test "python3: multiprocessing" {
    same python3 <<'SCRIPT'
cat >program.py <<'PYTHON'
import multiprocessing, os, subprocess, sys
def work(n):
    return sum(len(str(i ** 3)) for i in range(n * 100)), [n] * (n % 10)
def main():
    for method in ("fork", "spawn", "forkserver"):
        context = multiprocessing.get_context(method)
        with context.Pool(4) as pool:
            print(method, pool.map(work, range(60))[-3:])
        reader, writer = context.Pipe()
        child = context.Process(target=writer.send, args=("hello" * 1000,))
        child.start()
        print(len(reader.recv()))
        child.join()
        print(child.exitcode)
    for i in range(20):
        print(subprocess.run([sys.executable, "-c", f"print({i} * 2)"], capture_output=True, text=True).stdout, end="")
    pid = os.fork()
    if pid == 0:
        os._exit(len([bytearray(1000) for _ in range(1000)]) % 256)
    print(os.waitpid(pid, 0)[1])
if __name__ == "__main__":
    main()
PYTHON
/usr/bin/python3 program.py
SCRIPT
}

@test "perl" {
    same perl <<'SCRIPT'
perl -e '
use strict; use warnings; use List::Util qw(sum shuffle); use Digest::SHA qw(sha256_hex);
my %h; $h{$_ * 7919 % 100003} = "v" x ($_ % 50) for 1 .. 100000;
print scalar(keys %h), " ", sha256_hex(join ",", map { "$_=$h{$_}" } sort keys %h), "\n";
my $text = join " ", map { sprintf "%05d", $_ * 31 % 9973 } 1 .. 50000;
my $n = () = $text =~ /\b(\d)\d+\1\b/g; print "$n\n";
(my $copy = $text) =~ s/(\d)(\d)/$2$1/g; print length($copy), " ", substr($copy, 1000, 30), "\n";
my @records = map { { id => $_, list => [ 1 .. $_ % 20 ], text => "x" x $_ % 100 } } 1 .. 20000;
print sum(map { scalar @{ $_->{list} } } @records), "\n";
my @sorted = sort { $a->{text} cmp $b->{text} or $b->{id} <=> $a->{id} } @records; print $sorted[777]{id}, "\n";
local $_ = "a" x 100000; 1 while s/aa/b/; print length, "\n";
my @children; for my $i (1 .. 10) { my $p = fork; if (!$p) { exit $i } push @children, $p }
print join(" ", map { waitpid $_, 0; $? >> 8 } @children), "\n";
open my $pipe, "-|", "seq 1 10000" or die; my $total = 0; $total += $_ while <$pipe>; print "$total\n";
'
SCRIPT
}

@test "git" {
    same git <<'SCRIPT'
export GIT_AUTHOR_DATE='2024-01-01T00:00:00Z' GIT_COMMITTER_DATE='2024-01-01T00:00:00Z' GIT_PAGER=cat
git init -q -b main repository
cd repository
git config user.name Tester
git config user.email tester@example.org
git config gc.autoDetach false
for i in $(seq 1 60); do
    seq $i 97 20000 >file.$((i % 10))
    echo "$i" >"only $i"
    git add -A
    git commit -q -m "change $i"
done
git checkout -q -b side HEAD~20
seq 5 5 5000 >side
git add side
git commit -q -m side
git checkout -q main
git merge -q -m merged side
git log --stat --format='%H %s' | cksum
git rev-parse HEAD
git diff HEAD~30 | cksum
git blame file.3 | cksum
git gc -q --aggressive
git fsck --full --strict 2>/dev/null
git count-objects -v | grep -E 'in-pack|packs'
git grep -c 97 | cksum
git archive HEAD | sha256sum
git clone -q --no-local . ../clone
git -C ../clone log --oneline --graph | cksum
SCRIPT
}

@test "gcc: a large file at -O2, and the program it makes" {
    same gcc +cc1 as ld <<'SCRIPT'
awk 'BEGIN {
    print "#include <stdio.h>\n#include <stdint.h>"
    for (i = 0; i < 400; i++) {
        printf "__attribute__((noinline)) static uint32_t f%d(uint32_t a, uint32_t b)\n{\n", i
        printf "    uint32_t t[16];\n    for (unsigned i = 0; i < 16; i++)\n        t[i] = a * %du + (b >> (i %% %d));\n", i * 7 + 1, i % 31 + 1
        printf "    switch (a %% 7) {\n"
        for (c = 0; c < 7; c++) printf "    case %d: b ^= t[%d] + %du; break;\n", c, (i + c) % 16, i * c
        printf "    }\n    return %s;\n}\n", i == 0 ? "a ^ b" : "f" (i - 1) "(b, a ^ t[3])"
    }
    print "int main(void)\n{\n    uint32_t x = 1;\n    for (uint32_t i = 0; i < 100; i++)\n        x = f399(x, i);\n    printf(\"%u\\n\", x);\n}"
}' >large.c
wc -l <large.c
gcc -O2 -g -fdebug-prefix-map="$PWD=." -S large.c -o large.s
sha256sum large.s
gcc -pipe large.s -o large
./large
SCRIPT
}

@test "g++: templates and the standard library" {
    need g++
    same +cc1plus <<'SCRIPT'
cat >program.cc <<'CC'
#include <algorithm>
#include <iostream>
#include <map>
#include <memory>
#include <regex>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>
struct Shape { virtual ~Shape() = default; virtual int area() const = 0; };
struct Square : Shape { int side; explicit Square(int s) : side(s) {} int area() const override { return side * side; } };
int main()
{
    std::map<std::string, std::vector<int>> map;
    for (int i = 0; i < 20000; i++) map["key" + std::to_string(i % 997)].push_back(i);
    std::unordered_map<int, std::unique_ptr<Shape>> shapes;
    for (int i = 0; i < 20000; i++) shapes[i] = std::make_unique<Square>(i % 100);
    long total = 0;
    for (auto &entry : shapes) total += entry.second->area();
    std::vector<std::thread> threads;
    std::vector<std::string> results(8);
    for (int t = 0; t < 8; t++)
        threads.emplace_back([t, &results] { for (int i = 0; i < 10000; i++) results[t] += std::to_string(i * t); });
    for (auto &thread : threads) thread.join();
    for (auto &result : results) total += static_cast<long>(result.size());
    std::string text(1000, 'a');
    std::cout << map.size() << ' ' << total << ' ' << std::regex_replace(text, std::regex("a{7}"), "b").size() << '\n';
    try { throw std::runtime_error(std::string(500, 'x')); } catch (const std::exception &e) { std::cout << std::string(e.what()).size() << '\n'; }
    alignas(64) auto over = new (std::align_val_t(256)) char[1000];
    std::cout << reinterpret_cast<std::uintptr_t>(over) % 256 << '\n';
    ::operator delete[](over, std::align_val_t(256));
}
CC
g++ -std=c++17 -O1 -S program.cc -o program.s
sha256sum program.s
g++ -std=c++17 -O1 -pthread program.s -o program
./program
SCRIPT
}

@test "clang" {
    same clang <<'SCRIPT'
awk 'BEGIN {
    for (i = 0; i < 120; i++)
        printf "int g%d(const int *p, int n) { int s = %d; for (int i = 0; i < n; i++) s = s * 31 + p[i] / %d; return s; }\n", i, i, i + 1
}' >many.c
clang -O2 -S many.c -o many.s
sha256sum many.s
SCRIPT
}

@test "make" {
    same make <<'SCRIPT'
{
    echo 'all: $(addprefix out/,$(shell seq 1 200))'
    echo 'out/%:; @mkdir -p out; echo $* >$@'
} >Makefile
make -j2 >log
ls out | sort -n | cksum
make
SCRIPT
}

@test "sqlite3" {
    same sqlite3 <<'SCRIPT'
sqlite3 database <<'SQL'
create table t (id integer primary key, a integer, b text);
with recursive n(i) as (select 1 union all select i + 1 from n where i < 100000)
insert into t select i, i * 7919 % 10007, printf('%0' || (i % 200 + 1) || 'd', i) from n;
create index by_a on t (a, b);
select count(*), sum(a), sum(length(b)) from t;
select a, count(*) from t group by a order by 2 desc, 1 limit 5;
create table u as select a, max(b) as m from t group by a;
select count(*) from t join u using (a) where b = m;
delete from t where id % 3 = 0;
vacuum;
select hex(substr(group_concat(b), 1, 50)) from (select b from t order by b limit 1000);
create virtual table f using fts5 (text);
insert into f select b || ' word' || (a % 50) from t limit 5000;
select count(*) from f where f match 'word7';
select json_extract(json_group_array(a), '$[10]') from (select a from t order by id);
pragma integrity_check;
SQL
sqlite3 database .dump | sha256sum
SCRIPT
}

@test "gpg" {
    same gpg <<'SCRIPT'
export GNUPGHOME
GNUPGHOME=$(mktemp -d /tmp/gpg-XXXXXX)
trap 'gpgconf --kill all; rm -rf "$GNUPGHOME"' EXIT
seq 1 50000 >message
gpg --batch --quiet --passphrase '' --quick-generate-key tester@example.org rsa2048 sign,encrypt 1d 2>/dev/null
gpg --batch --list-keys --with-colons | cut -d: -f1,2,3,4 | grep -v '^tru'
gpg --batch --quiet --trust-model always -r tester@example.org -o message.gpg --encrypt message
gpg --batch --quiet --decrypt message.gpg | sha256sum
gpg --batch --quiet --detach-sign -o message.sig message
gpg --batch --quiet --verify message.sig message 2>/dev/null && echo verified
gpg --batch --quiet --pinentry-mode loopback --passphrase secret -o message.sym --symmetric message
gpg --batch --quiet --pinentry-mode loopback --passphrase secret --decrypt message.sym | sha256sum
gpg --batch --print-md SHA512 message
SCRIPT
}

@test "ssh-keygen" {
    same ssh-keygen <<'SCRIPT'
for type in ed25519 ecdsa rsa; do
    ssh-keygen -q -t $type -N '' -C tester -f key.$type
    ssh-keygen -l -f key.$type | cut -d' ' -f1,3,4
    ssh-keygen -y -f key.$type >derived
    cmp <(cut -d' ' -f1,2 derived) <(cut -d' ' -f1,2 key.$type.pub)
    echo "message $type" >message
    ssh-keygen -q -Y sign -n file -f key.$type message 2>/dev/null
    echo "tester $(cut -d' ' -f1,2 key.$type.pub)" >allowed
    ssh-keygen -Y verify -f allowed -I tester -n file -s message.sig <message | cut -d' ' -f1-6
    rm message.sig
    ssh-keygen -q -p -P '' -N passphrase -f key.$type >/dev/null
    ssh-keygen -e -m PKCS8 -f key.$type.pub | head -1
done
SCRIPT
}

@test "xz, gzip, bzip2" {
    same xz gzip <<'SCRIPT'
seq 1 400000 >numbers
xz -9e -k -c numbers | tee numbers.xz | sha256sum
xz -T2 --block-size=262144 -6 -c numbers | tee threads.xz | sha256sum
xz -dc numbers.xz | cmp - numbers
xz -T2 -dc threads.xz | cmp - numbers
xz -l --robot numbers.xz | grep totals
gzip -9nc numbers | sha256sum
gzip -c numbers | gzip -dc | cmp - numbers
SCRIPT
}

@test "tar" {
    same tar <<'SCRIPT'
for i in $(seq 1 300); do mkdir -p tree/$((i % 17)); seq 1 $i >tree/$((i % 17))/$i; done
ln -s 1/18 tree/link
tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -cf tree.tar tree
sha256sum tree.tar
tar -tf tree.tar | cksum
mkdir out
tar -xf tree.tar -C out
diff -r tree out/tree
tar -cJf tree.tar.xz --sort=name --mtime=@0 --owner=0 --group=0 --exclude='*7' tree
tar -tJf tree.tar.xz | wc -l
tar --list --verbose --verbose -f tree.tar --mtime=@0 | awk '{ print $1, $3, $6 }' | cksum
SCRIPT
}

@test "man" {
    same man groff <<'SCRIPT'
{
    echo '.TH EXAMPLE 1 2024-01-01'
    echo '.SH NAME'
    echo 'example \- a page'
    for i in $(seq 1 300); do
        printf '.SH "SECTION %d"\n.TP\n.BI \\-\\-option%d= value\nText of option %d, which is \\fIlong\\fP enough to be wrapped when it is shown.\n' $i $i $i
        printf '.TS\nl l l.\na\tb\tc\n%d\t%d\t%d\n.TE\n' $i $i $i
    done
} >example.1
MANWIDTH=80 man -l ./example.1 | cksum
MANWIDTH=132 man --no-hyphenation -l ./example.1 | tail -4
man -Tps -l ./example.1 | grep -c showpage || true
SCRIPT
}

@test "vim in batch mode" {
    same vim.basic <<'SCRIPT'
seq 1 20000 >numbers
vim.basic -es -u NONE -i NONE -n numbers <<'VIM'
%s/\v(\d)(\d)/\2\1/ge
g/^5/m0
v/[13579]$/d
normal! gg10dd
1,100sort! n
let text = join(map(range(1, 3000), 'printf("%05d", v:val * 31 % 9973)'), "\n")
call append('$', sort(split(text, "\n")))
normal! ggVG:norm A;
for i in range(50) | undo | redo | endfor
%!tac
wq! edited
VIM
cksum edited
wc edited
SCRIPT
}
