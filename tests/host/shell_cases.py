# SPDX-License-Identifier: MIT
"""What user/sh and the tools must print. test_user_programs.py runs it all on this
machine, test_user_guest.py in the guest.

CASES           scripts for the shell: (name, script, output, status)
SAME_PROGRAMS   commands that this machine has too: (command, input)
"""

import subprocess

CASES = [
    ("quotes", r'''x="a  b"; echo $x "$x" '$x' "\$x" a\ b "a\"b" "it's" ""''',
     'a b a  b $x $x a b a"b it\'s \n', 0),
    ("defaults", r'''y=v; echo ${z:-def} ${z-d} "${y:+set}" [${z+no}] ${z:=new} $z''',
     "def d set [] new new\n", 0),
    ("length and parts", r'''p=/usr/lib/a.tar.gz
echo ${#p} ${p##*/} ${p%/*} ${p%%.*} ${p#*/}''',
     "17 a.tar.gz /usr/lib /usr/lib/a usr/lib/a.tar.gz\n", 0),
    ("command substitution",
     r'''echo "$(echo "in $(echo deep)")" `echo old \`echo style\`` $(printf 'a\n\n')b''',
     "in deep old style ab\n", 0),
    ("status of a substitution", "x=$(false); echo $?; x=$(exit 3); echo $?",
     "1\n3\n", 0),
    ("arithmetic",
     "i=4; echo $((1+2*3)) $(( (1+2)*3 )) $((-7/2)) $((1<<4|1)) $((i+=2)) "
     "$((i>5?i:0)) $((0&&(1/0))) $((0x1f)) $((!i)) $((7%3==1))",
     "7 9 -3 17 6 6 0 31 0 1\n", 0),
    ("division by zero", "echo $((1/0)); echo never", "", 2),
    ("while, break, continue",
     "i=0; while :; do i=$((i+1)); [ $i = 2 ] && continue; [ $i = 5 ] && break; "
     "echo $i; done; until false; do echo once; break; done",
     "1\n3\n4\nonce\n", 0),
    ("nested loops", "for i in 1 2 3; do for j in a b; do "
     "[ $j = b ] && continue 2; echo $i$j; [ $i = 2 ] && break 2; done; done",
     "1a\n2a\n", 0),
    ("parameters", '''set -- one "two three" ''
echo $#; for a; do echo "<$a>"; done; for a in $*; do echo "($a)"; done
for a in x"$@"y; do echo "{$a}"; done; shift 2; echo "$#[$1]"''',
     "3\n<one>\n<two three>\n<>\n(one)\n(two)\n(three)\n"
     "{xone}\n{two three}\n{y}\n1[]\n", 0),
    ("no parameters", 'set --; for a in "$@"; do echo bad; done; echo "[$@]$#"',
     "[]0\n", 0),
    ("field splitting", '''IFS=:; w=a::b:c; for f in $w; do echo "<$f>"; done
set -- 1 2; echo "$*"; IFS=' ,'; w=' x , y,z '; for f in $w; do echo "<$f>"; done''',
     "<a>\n<>\n<b>\n<c>\n1:2\n<x>\n<y>\n<z>\n", 0),
    ("functions", '''f() { local v=in; echo $v $1 $#; return 3; }
v=out; f arg; echo $? $v $#
down() { [ $1 -gt 0 ] || return 0; echo $1; down $(($1-1)); }; down 3''',
     "in arg 1\n3 out 0\n3\n2\n1\n", 0),
    ("case", '''for x in a.c b.h 'lit*' zz; do case $x in
*.c|*.d) echo C;; (*.h) echo H;; 'lit*') echo L;; [a-m]*) echo low;; *) echo other
esac; done''', "C\nH\nL\nother\n", 0),
    ("if", "if false; then echo no; elif true; then echo elif; else echo else; fi; "
     "if ! false; then echo not; fi; if false; then :; fi; echo $?",
     "elif\nnot\n0\n", 0),
    ("and, or", "true && echo a; false || echo b; false && echo c || echo d; ! true; echo $?",
     "a\nb\nd\n1\n", 0),
    ("groups", "v=1; (v=2; cd /; pwd; exit 7); echo $? $v; { v=3; echo g; } | cat; "
     "{ v=4; }; echo $v", "/\n7 1\ng\n4\n", 0),
    ("pipes", "seq 1 100 | grep 9 | tail -n 2 | tr 9 x; exit 4 | true; echo $?; "
     "true | (exit 4); echo $?", "x8\nxx\n0\n4\n", 0),
    ("here-documents", '''x=val; cat <<A; cat <<'B'; cat <<-C | tr a-z A-Z; cat <<A
$x $(echo sub) $((1+1)) \\$x "q"
A
$x \\$y
B
\ttabs
\tC
last
A
''', 'val sub 2 $x "q"\n$x \\$y\nTABS\nlast\n', 0),
    ("a long here-document", "{ echo 'wc -c <<E'; seq 1 5000; echo E; } >t; . ./t",
     "23893\n", 0),
    ("redirections", '''echo one >t; echo two >>t; cat <t; wc -l <t
{ echo out; echo err >&2; } >t 2>&1; sort t; ls /none 2>/dev/null || echo failed
exec 3>t; echo three >&3; exec 3>&-; cat t; echo x >&3 2>/dev/null''',
     "one\ntwo\n2\nerr\nout\nfailed\nthree\n", 1),
    ("a built-in's redirection ends", "echo a >t; echo b; cd / >/dev/null; echo c",
     "b\nc\n", 0),
    ("patterns", "mkdir d; touch d/a.c d/b.c d/.hidden; echo d/*.c d/[!a]* 'd/*' d/*.x; "
     'x="d/*"; echo "$x"; echo $x; set -f; echo d/*',
     "d/a.c d/b.c d/b.c d/* d/*.x\nd/*\nd/a.c d/b.c\nd/*\n", 0),
    ("background", "sleep 0.05 & p=$!; wait $p; echo $?; (exit 5) & wait $!; echo $?; "
     "kill -0 $p 2>/dev/null || echo gone", "0\n5\ngone\n", 0),
    ("killed", "sleep 10 & kill $!; wait $!; echo $?; sh -c 'kill -9 $$'; echo $?",
     "143\n137\n", 0),
    ("not found", "nosuchcommand 2>/dev/null; echo $?; /etc/passwd 2>/dev/null; echo $?; "
     "/none/at/all 2>/dev/null; echo $?", "127\n126\n127\n", 0),
    ("syntax error", "echo one\necho (\necho two", "one\n", 2),
    ("unclosed quote", 'echo "abc', "", 2),
    ("exit on error", "set -e; false || true; if false; then :; fi; ! true; "
     "f() { false; echo not here; }; echo before; f; echo never", "before\n", 1),
    ("exit on error in a condition", "set -e; f() { false; echo goes on; }; f || echo no",
     "goes on\n", 0),
    ("trap", "trap 'echo bye' EXIT; trap 'echo usr1' USR1; kill -USR1 $$; echo after; "
     "trap '' TERM; kill $$; trap - USR1; exit 6", "usr1\nafter\nbye\n", 6),
    ("read", '''printf 'a b c\\nx\\\\y\\n  s  \\n' | { read p q; read -r r; IFS= read -r s
read t; echo "$p|$q|$r|$s|$?"; }''', "a|b c|x\\y|  s  |1\n", 0),
    ("read takes one line", "printf '1\\n2\\n3\\n' | { read x; cat; }", "2\n3\n", 0),
    ("printf", r'''printf '%s-%d|' a 1 b 2; printf '%5.1s|%-4d|%04x|%c|%b\n' hello 42 255 xyz 'a\tb' ''',
     "a-1|b-2|    h|42  |00ff|x|a\tb\n", 0),
    ("test", "[ a = a ] && [ 2 -lt 10 ] && [ -d / -a ! -f / ] && [ -n x -o -n '' ] && "
     "test ! '' && [ '(' = '(' ] && echo yes; [ 1 -eq x ] 2>/dev/null", "yes\n", 2),
    ("eval and unset", "a='echo $b'; b=1; eval $a; unset b; eval $a; export E=e; sh -c 'echo $E'",
     "1\n\ne\n", 0),
    ("assignment for one command", "A=1 sh -c 'echo $A'; echo [$A]; A=2 B=$A; echo $A$B",
     "1\n[]\n22\n", 0),
    ("read-only", "readonly r=1; r=2; echo never", "", 2),
    ("unset is an error", "set -u; echo ${x-ok}; echo $x; echo never", "ok\n", 2),
    ("comments and continuations", "echo a#b # c\necho d \\\n e; # 'f\n\\\necho g",
     "a#b\nd e\ng\n", 0),
    ("a script", "echo 'echo $1 $#; exit 3' >t; sh ./t x y; echo $?", "x 2\n3\n", 0),
    ("dollar dollar", "[ $$ = $(echo $$) ] && (echo $$) | grep -q $$ && echo same",
     "same\n", 0),
    ("command -v", "command -v cd; command -v nosuch; echo $?; f() { echo f; }; "
     "true() { echo mine; }; true; command true; echo $?", "cd\n127\nmine\n0\n", 0),
    ("many processes", "i=0; while [ $i -lt 50 ]; do (exit $i); [ $? = $i ] || echo bad; "
     "i=$((i+1)); done; echo $i", "50\n", 0),
    ("umask", "umask 027; umask; >m; [ -w m ] && umask 22; umask", "0027\n0022\n", 0),
    ("the file tools", '''set -e
mkdir -p a/b/c; echo text >a/b/f; ln -s f a/b/l; touch a/b/c/e
cp -r a copy; ls -R copy; cat copy/b/l; mv copy/b/f copy/g; ls copy
ln copy/g h; echo more >>h; cat copy/g; cmp h copy/g
dd if=/dev/zero of=z bs=1k count=3 2>/dev/null
dd if=h of=z bs=4 seek=2 conv=notrunc 2>/dev/null
wc -c <z; head -c 12 z | tr -d '\\0'; echo
rm -r copy; rm -f none a/b/c/e; rmdir a/b/c; ls -a a/b; ls -l a/b/l | grep -c 'l -> f$'
rm none 2>/dev/null || echo cannot; cp a x 2>/dev/null || echo folder
mkdir a 2>/dev/null || echo exists; cmp h z >/dev/null || echo differ
cp h i; stat h | grep -c 'Size: 10,'; mv i a/b; ls a/b | wc -l
seq 20000 | tee t | sort -n | uniq >u; cmp - t <u; tail -n 1 t; sha256sum <t
''', "copy:\nb\n\ncopy/b:\nc\nf\nl\n\ncopy/b/c:\ne\ntext\nb\ng\n"
     "text\nmore\n3072\ntext\n.\n..\nf\nl\n1\ncannot\nfolder\nexists\ndiffer\n"
     "1\n3\n20000\n"
     "f6351f5ead9a700e34275480b3856ea738122a7c57bdeb744a631251c069587a  -\n", 0),
]

# Programs that must print what this machine's own do.
SAME_PROGRAMS = [
    ("sort", "b\na\nb\n10\n9\n"), ("sort -n", "10\n9\n-1\n"),
    ("sort -ru", "b\na\nb\n"), ("uniq", "a\na\nb\na\n"), ("uniq -d", "a\na\nb\n"),
    ("head -n 2", "1\n2\n3\n"), ("head -c 3", "1\n2\n3\n"), ("head -n 0", "1\n"),
    ("tail -n 2", "1\n2\n3\n"), ("tail -n 5", "1\n2\n3"), ("tail -n +2", "1\n2\n3\n"),
    ("tail -n 0", "1\n2\n"), ("tail -1", "1\n2\n"), ("head -1", "1\n2\n"), ("cut -c 2-3,5", "abcdef\nx\n"),
    ("cut -d : -f 1,3-", "a:b:c:d\nno\n"), ("cut -d : -s -f 2", "a:b\nno\n"),
    ("tr a-z A-Z", "Hello\n"), ("tr -d l", "hello\n"), ("tr -s l", "hello\n"),
    ("tr -cd a-z\\n", "He11o\n"), ("tr \\n ,", "1\n2\n"), ("wc -l", "a b\nc\n"),
    ("wc -c", "a b\nc\n"), ("wc -w", "a b\nc\n"), ("seq 3", ""), ("seq 5 -2 0", ""),
    ("grep -n b", "abc\nd\nb\n"), ("grep -c b", "b\nb\n"), ("grep -v b", "a\nb\n"),
    ("grep -E ^(a|b)+$", "ab\nabc\n"), ("grep -ix AB", "ab\nabc\n"),
    ("grep -F .", "a.b\nab\n"), ("grep -q x", "y\n"), ("grep [", "y\n"),
    ("sha256sum", "x" * 55), ("sha256sum", "x" * 56), ("sha256sum", "x" * 100000),
    ("cat -", "in\n"), ("hexdump -C", "".join(map(chr, range(128))) * 2),
]


def on_this_machine(command, text):
    """Output and exit status of this machine's own program."""
    name, *arguments = command.split()
    done = subprocess.run([f"/usr/bin/{name}", *arguments], input=text.encode(),
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          env={"LC_ALL": "C"})
    return done.stdout.decode(), done.returncode
