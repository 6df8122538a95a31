"""Small templates for make_chat.py: one rule of the language each."""

CONTEXT = {
    "a": 7, "b": -3, "f": 2.5, "big": 1e20, "small": 1.5e-7, "t": True,
    "n": None, "s": "Hello, World", "u": "Grüße 世界 ß", "e": "",
    "sp": "  \t pad\u3000ded \n ", "lines": "one\ntwo\r\nthree\n\nfive",
    "l": [3, 1, 2], "w": ["b", "A", "c", "a"], "m": {"x": 1, "y": [1, 2],
    "items": "shadow", "z": None}, "d": {"b": 1, "A": 2, "c": 0},
    "p": [{"n": "x", "v": 2, "o": {"k": "q"}}, {"n": "y", "v": 1},
          {"n": "x", "v": 3, "o": {"k": "r"}}],
    "nest": [[1, [2]], [3, []], []], "q": "it's", "qq": "it's \"q\"",
    "num": "42", "fl": "3.75",
}


def expressions(text):
    return ["{{ " + line.strip() + " }}" for line in text.strip().split("\n")]


CASES = expressions(r"""
1 + 2 * 3 - 4
(1 + 2) * 3
7 / 2
8 / 2
7 // 2
-7 // 2
7 // -2
-7 % 3
7 % -3
7.5 // 2
-7.5 % 2
7.5 % -2
0.0 // 5
2 ** 10
2 ** -1
2 ** 3 ** 2
-2 ** 2
2 ** 0.5
1 / 0
1 // 0
1 % 0
1.0 / 0
0.1 + 0.2
1e16
1e15
123456789012345680.0
1e-4
0.00001
1.0
100.0
big
small
1e300 * 1e10
-0.0
1_000
0x1F
0b101
0o17
1.5e3
1 + true
true + true
true
none
None
True and False
1 and 2
0 or 'x'
'' or none
not 1
not not 0
not a == 7
1 < 2 < 3
1 < 3 < 2
1 == 1.0
1 == true
'1' == 1
1 != 2
'a' < 'b'
'a' < 1
[1, 2] < [1, 3]
[1] == [1.0]
(1, 2) == [1, 2]
{'a': 1} == {'a': 1.0}
none == false
undefined_thing == none
undefined_thing == other_thing
1 in [1, 2]
4 not in l
'ell' in s
'' in s
1 in s
'x' in m
'q' not in m
1 in 5
none in [none]
undefined_thing in [1]
1 in undefined_thing
'a' ~ 1 ~ none ~ 2.0 ~ [1]
'a' + 'b' ~ 'c' + 'd'
'a' + 1
1 + 'a'
[1] + [2]
(1,) + (2,)
[1] + (2,)
'ab' * 3
3 * 'ab'
'ab' * -1
[1, 2] * 2
'ab' * 2.0
-a
+a
+true
-'a'
-f
- - a
a - -b
[1, 2, 3]
[]
[1,]
(1,)
()
(1, 'a')
1, 2
{'a': 1, 'b': [2, {'c': none}]}
{1: 2, 1.0: 3, true: 4}
{'a': 1, 'a': 2, 'b': 3}
{[1]: 2}
{(1, 2): 3}
{}
{'a': {'b': {'c': 1}}}
['it\'s', "say \"x\"", 'both \' and "']
['\n\t\r\\', 'é', '\u00a0', '\u200b', '\x7f', '👋', '\x00']
q
[q, qq]
'\x41\u00e9\U0001F600\101\0'
'\d\q\''
"a" 'b' "c"
'a
b'
s
u
e
undefined_thing
undefined_thing.x
undefined_thing['x']
undefined_thing[0]
undefined_thing()
undefined_thing + 1
undefined_thing ~ 'x'
undefined_thing * 2
-undefined_thing
undefined_thing < 1
undefined_thing | length
undefined_thing | trim
undefined_thing | upper
undefined_thing | list
undefined_thing | join
undefined_thing | tojson
undefined_thing | int
undefined_thing | string
undefined_thing | first
undefined_thing | items | list
undefined_thing | dictsort
undefined_thing[1:]
[undefined_thing]
m.x
m['x']
m.missing
m['missing']
m.missing.more
m.items is callable
m['items']
m.items()
m.y[1]
m.y.1
m.y[5]
m.y[-1]
m.y[-3]
m.y['x']
m[none]
m[[1]]
n.x
n['x']
n[0]
a.x
a[0]
s[0]
s[-1]
s[50]
u[6]
u[-1]
s.x
s['upper']()
l[true]
l[1.0]
''.__class__
''.__class__.__mro__
''['__class__']
m.__class__
l.append(4)
l.pop()
m.pop('x')
m.update({'a': 1})
m.clear()
s[1:3]
s[:3]
s[-3:]
s[::-1]
s[::2]
s[8:2:-2]
s[3:1]
s[100:]
s[-100:2]
s[:-100]
s[::0]
s['a':]
u[1:4]
u[::-1]
u[6:]
l[1:]
l[:-1]
l[::-1]
l[5:]
(1, 2, 3)[1:]
m[1:]
a[1:]
range(5)[1:3] | list
range(5)[2]
l[none:2]
[1, 2, 3][-2:]
'x' if true else 'y'
'x' if false else 'y'
'x' if false
('x' if false) is defined
'x' if a > 5 else 'y' if a > 3 else 'z'
'x' if a > 9 else 'y' if a > 3 else 'z'
('x' if a > 9 else 'y') ~ '!'
[1 if t else 2, 3]
a is defined
zz is defined
zz is not defined
zz is undefined
not zz is defined
m.x is defined
m.q is defined
n is none
n is not none
none is none
s is string
a is string
a is number
f is number
t is number
a is integer
t is integer
f is integer
f is float
a is float
t is boolean
a is boolean
t is true
a is true
t is false
false is false
m is mapping
l is mapping
l is iterable
s is iterable
m is iterable
a is iterable
zz is iterable
l is sequence
m is sequence
s is sequence
a is sequence
range(3) is sequence
range is callable
s is callable
n is sameas none
n is sameas(none)
1 is sameas 1
1 is sameas true
a is odd
a is even
a is divisibleby 7
a is divisibleby(2)
a is eq 7
a is equalto(7)
a is ne 7
a is gt 5
a is lt(5)
a is ge 7
a is le 6
a is greaterthan 3
a is in [7, 8]
a is in(l)
'x' is in m
s is lower
'abc' is lower
'ABC' is upper
'' is upper
a is not even
a is odd and t
a is odd or f
a is nothing_known
'upper' is filter
'nope' is filter
'odd' is test
s is escaped
s | upper
s | lower
u | upper
u | lower
u | title
u | capitalize
'hello wORLD-foo (bar) o\'neil' | title
'hello wORLD' | capitalize
'ǅ ΑΣ ΣΑ' | lower
'İI' | lower
s | length
u | length
l | length
m | length
a | length
n | length
s | count
s | first
s | last
l | first
l | last
e | first
[] | last
m | first
m | last
l | list
s | list
m | list
l | join
l | join(', ')
l | join(d='-')
s | join('.')
p | join(',', attribute='n')
[1, none, 'a', 2.0] | join('|')
5 | join
sp | trim
'xxaxx' | trim('x')
'xyaxy' | trim(chars='yx')
'a' | trim('')
5 | trim
sp | trim | length
l | sort
l | sort(reverse=true)
w | sort
w | sort(case_sensitive=true)
w | sort(true)
p | sort(attribute='v')
p | sort(attribute='n,v') | map(attribute='v') | list
[1, 'a'] | sort
[] | sort
d | dictsort
d | dictsort(true)
d | dictsort(by='value')
d | dictsort(reverse=true)
d | dictsort(by='nope')
w | unique | list
[1, 1.0, true, 2] | unique | list
p | unique(attribute='n') | list | length
l | min
l | max
[] | min
w | max
w | max(case_sensitive=true)
p | max(attribute='v')
l | sum
[1.5, 2] | sum
p | sum(attribute='v')
[[1], [2]] | sum(start=[])
['a'] | sum
l | reverse | list
s | reverse
l | reverse | first
m | items | list
a | items | list
p | map(attribute='n') | list
p | map(attribute='o.k') | list
p | map(attribute='o.k', default='-') | list
p | map(attribute='zz') | list
p | map(attribute='zz', default=0) | list
nest | map(attribute=0) | list
nest | map('length') | list
nest | map('first') | list
w | map('upper') | join
w | map('replace', 'a', 'z') | list
w | map('nope') | list
w | map | list
[1, 0, 2, none] | select | list
[1, 0, 2, none] | reject | list
[1, 2, 3] | select('odd') | list
[1, 2, 3] | reject('odd') | list
[1, 2, 3] | select('gt', 1) | list
[1, 2, 3] | select('>', 1) | list
[1, 2, 3] | reject('in', [2]) | list
[1, 2, 3] | select('nope') | list
p | selectattr('o') | list | length
p | selectattr('v', 'gt', 1) | list
p | selectattr('v', 'equalto', 1) | map(attribute='n') | first
p | rejectattr('n', 'equalto', 'x') | list
p | rejectattr('o', 'defined') | list
p | selectattr('o.k', '==', 'q') | list
p | selectattr('zz') | list
p | selectattr | list
(p | selectattr('zz')) is true
p | selectattr('v') | length
[] | select | first
[] | select | last
zz | default('d')
n | default('d')
n | default('d', true)
e | default('d', boolean=true)
zz | d('x')
zz | default
zz.y | default('x')
m.q | default('x')
num | int
num | int + 1
fl | int
fl | float
'x' | int
'x' | int(5)
'x' | int(default=none)
'0x1f' | int(base=16)
'1f' | int(0, 16)
'101' | int(base=2)
' 12 ' | int
'-12' | int
'+12' | int
'1_000' | int
'1e3' | int
none | int
true | int
2.9 | int
-2.9 | int
[1] | int
'x' | float
'1e3' | float
' 2.5 ' | float
none | float
a | float
'x' | float(1.5)
2.5 | round
3.5 | round
-2.5 | round
2.675 | round(2)
1234.5 | round(-2)
7 | round
2.1 | round(method='ceil')
2.9 | round(0, 'floor')
2.123 | round(2, 'ceil')
'x' | round
2.5 | round | int
-5 | abs
-5.5 | abs
'x' | abs
5 | string
none | string
[1, 'a'] | string
f | string | length
s | replace('l', 'L')
s | replace('l', 'L', 1)
s | replace('', '-')
s | replace('zz', '')
5 | replace('5', 'x')
lines | indent
lines | indent(2)
lines | indent(2, true)
lines | indent(width=2, blank=true)
lines | indent('> ', first=true)
'' | indent
5 | indent
'a b-c d_e' | wordcount
s | safe
'<a href="x">&\'</a>' | e
'<>' | escape
s | nope
s | upper | lower | title
-5 | abs | string ~ 'x'
(-5) | abs
a | string | length + 1
m | tojson
m | tojson(indent=2)
m | tojson(indent=0)
m | tojson(indent='\t')
m | tojson(sort_keys=true)
d | tojson(sort_keys=true)
m | tojson(separators=(',', ':'))
m | tojson(indent=1, separators=(', ', ' : '))
u | tojson
u | tojson(ensure_ascii=true)
'👋\x7f' | tojson(true)
qq | tojson
'\n\t\r\b\f\x01\x1f\x7f/\u2028' | tojson
[1, 2.0, true, none, 'x', [], {}] | tojson
[] | tojson(indent=2)
[[]] | tojson(indent=2)
{} | tojson(indent=2)
{1: 2, none: 3, true: 4, 1.5: 5} | tojson
{(1, 2): 3} | tojson
(1, 2) | tojson
big | tojson
small | tojson
1e400 | tojson
range(3) | tojson
range | tojson
m.items() | list | tojson
(l | map('string')) | tojson
'<&>' | tojson
p[0].o | tojson
m | attr('x')
(s | attr('upper'))()
s.upper()
s.lower()
s.title()
'it\'s a bIG-day x1y' .title()
s.capitalize()
sp.strip()
sp.lstrip()
sp.rstrip()
'xxaxx'.strip('x')
'abcab'.lstrip('ab')
'abcab'.rstrip('ab')
'a'.strip('')
'a'.strip(none)
s.startswith('Hell')
s.startswith('x')
s.startswith(('x', 'H'))
s.startswith('W', 7)
s.startswith('')
s.startswith('', 100)
s.startswith(5)
s.endswith('ld')
s.endswith('')
s.endswith('Hello', 0, 5)
s.endswith(('a', 'd'))
s.find('o')
s.find('o', 5)
s.find('o', -4)
s.find('zz')
u.find('世')
s.rfind('o')
s.index('o')
s.index('zz')
s.count('l')
s.count('')
u.count('ß')
'aaa'.count('aa')
s.split()
s.split(',')
s.split(', ', 1)
'a,b,,c'.split(',')
' a  b '.split(' ')
' a  b  c '.split(none, 1)
' a  b  c '.split(maxsplit=1)
'a,b,c'.split(',', 0)
'a,b,c'.rsplit(',', 1)
' a b c '.rsplit(none, 1)
''.split()
''.split(',')
'a'.split('')
sp.split()
lines.splitlines()
lines.splitlines(true)
'a\u2028b\x0bc\x1cd'.splitlines()
''.splitlines()
'a-b-c'.partition('-')
'a-b-c'.rpartition('-')
'abc'.partition('-')
'abc'.partition('')
s.replace('o', '0')
s.replace('o', '0', 1)
s.replace('', '.')
u.replace('', '.')
'aaa'.replace('aa', 'b')
s.replace('o', 5)
', '.join(['a', 'b'])
', '.join([1])
','.join('abc')
','.join(m)
'ab'.ljust(5) ~ '|'
'ab'.rjust(5, '*')
'ab'.rjust(1)
'-5'.zfill(4)
'abc'.isdigit()
'123'.isdigit()
''.isdigit()
'abc'.isalpha()
'ab1'.isalnum()
'  '.isspace()
'ABC'.isupper()
'abc1'.islower()
'1'.islower()
'unhappy'.removeprefix('un')
'a.txt'.removesuffix('.txt')
s.nope()
s.upper(1)
s.upper is callable
m.get('x')
m.get('q')
m.get('q', 5)
m.get('z', 5)
m.get()
m.get([1])
m.keys() | list
m.values() | list
m.items() | list
m.items() | length
m.keys()[0]
'x' in m.keys()
d.items() | sort | list
m.copy() == m
l.count(1)
l.index(2)
l.index(9)
(1, 2).count(1)
range(3) | list
range(1, 7, 2) | list
range(5, 0, -2) | list
range(0) | list
range(3) | length
range(1, 2, 0)
range('a')
range(2.0)
range(100001)
range(10 ** 9)
dict(a=1, b=2)
dict({'a': 1}, b=2)
dict([['a', 1], ('b', 2)])
dict(m, x=5).x
dict(5)
namespace(a=1).a
namespace({'a': 1}, b=2).b
namespace().a
namespace(a=1)['a']
raise_exception('no ' ~ a)
raise_exception()
strftime_now('%d %b %Y')
strftime_now('%Y-%m-%d %H:%M:%S')
strftime_now('%A, %B %d, %y; %I:%M %p day %j; %a %e %-d %-m %% x')
strftime_now('%D %F %T %R %h %C %u %w %U %W %V %G')
strftime_now('%c | %x | %X')
loop
loop is defined
s()
5()
1 +
(1
1)
[1
{'a' 1}
a b
a..b
a.
.5
'abc
a | 
a |upper
a is
a is not
a[
a[]
a[:]
s[:]
s[1:2:1]
if
else
a if
true.x
none | length
1 == 2 == 0
1 < 2 == true
(1 < 2) == true
not 1 in l
l[0] + l[1] * l[2] ** 2 // 3 % 4
((((((((1))))))))
s|upper|length*2
[1, 2][0]
{'a': [1, 2]}['a'][1]
{'a': 1}.a
'x'.upper().lower() ~ 'y'.upper()
f.nothing_such
'%s' | length
1.5.x
1 .x
"\"" ~ '\''
'\\n'
'a' 'b'
l is defined and l | length > 2
(l | length) > 2
a == 7 and (b < 0 or f)
a in l or a in [7]
[a, b] == [7, -3]
m.y is iterable and m.y is not string and m.y is not mapping
p[0]['o']['k']
p[0].o.k ~ p[-1].o.k
messages
tools
tools is none
documents is none
bos_token ~ eos_token
add_generation_prompt
messages | length == 0
""") + [
    # Statements and white space.
    "", "\n", "a\n", "a\n\n", "\n\na", "a\r\nb\rc\n", "{{ a }}\n",
    "{{ a }}\n\n", "{%- if t %}\n a\n{%- endif %}\n b",
    "{% if t %}\n  x\n{% endif %}\ny", "  {% if t %}  \n  x\n  {% endif %}  y",
    "x  {% if t %}y{% endif %}", "x\n  {%+ if t %}y{% endif %}",
    "x\n  {% if t +%}\n y{% endif %}", "{% if t -%}  \n\n  y{% endif %}",
    "a {{- a -}} b", "a  {{ a }}  b", "a\n  {{ a }}\n  b",
    "a\n\n  {{- a -}}\n\n  b", "a {#- c -#} b", "a {# c #} b",
    "a\n  {# c #}\nb", "a\n  {#+ c #}\nb", "a\n  {# c +#}\nb", "{# {{ a }} #}x",
    "{# a\nb #}\n\nx", "{#", "{# #", "{{", "{%", "{{ a", "{% if", "{% if t",
    "}} %} #}", "{ { a } }", "{a}", "{{ '}}' }}", "{{ '{{' }}", "{{ '%}' }}",
    "{% raw %}{{ a }}{% if %}{% endraw %}", "{% raw %}\n x\n{% endraw %}\ny",
    "a  {%- raw -%}  x  {%- endraw -%}  b", "{% raw %}", "{% raw %}{% endraw",
    "x\n  {% raw %}\n  y\n  {% endraw %}\nz",
    "{{ {'a': {'b': 1}} }}", "{{{'a': 1}}}", "{{ {'a': {'b': 1}}}}",
    "{{-a-}}", "{{+ a }}", "{{- 1 -}}  \n  {{- 2 }}", "{{ 3-}} x",
    "x {%- set y = 1 -%} y{{ y }}", "{% set x=1 %}{{ x }}",
    "{%set x=1%}{{x}}", "{% if a == 7 %}yes{% else %}no{% endif %}",
    "{% if a > 7 %}1{% elif a == 7 %}2{% elif t %}3{% else %}4{% endif %}",
    "{% if a > 9 %}1{% elif a > 8 %}2{% else %}4{% endif %}",
    "{% if zz %}1{% endif %}2", "{% if zz.y %}1{% endif %}2",
    "{% if [] %}1{% endif %}{% if {} %}2{% endif %}{% if 0.0 %}3{% endif %}4",
    "{% if t %}", "{% endif %}", "{% else %}", "{% if %}x{% endif %}",
    "{% if t %}x{% endfor %}", "{% nope %}", "{% %}", "{% 5 %}",
    "{% if t x %}{% endif %}", "{% if t %}{% else %}{% else %}{% endif %}",
    "{% for x in l %}{{ x }},{% endfor %}", "{% for x in [] %}a{% endfor %}b",
    "{% for x in [] %}a{% else %}b{% endfor %}",
    "{% for x in l %}{{ x }}{% else %}b{% endfor %}",
    "{% for x in s %}{{ x }}.{% endfor %}", "{% for x in u %}{{ x }}.{% endfor %}",
    "{% for x in m %}{{ x }}{% endfor %}", "{% for k, v in m.items() %}{{ k }}={{ v }};{% endfor %}",
    "{% for k, v in m|items %}{{ k }}={{ v }};{% endfor %}",
    "{% for k, v in l %}{% endfor %}", "{% for a, (b, c) in [[1, [2, 3]]] %}{{ a }}{{ b }}{{ c }}{% endfor %}",
    "{% for x in 5 %}{% endfor %}", "{% for x in none %}{% endfor %}",
    "{% for x in zz %}a{% else %}b{% endfor %}", "{% for x in 1, 2, 3 %}{{ x }}{% endfor %}",
    "{% for x in l if x > 1 %}{{ x }}{{ loop.index }}{{ loop.last }}{% endfor %}",
    "{% for x in l if x > 9 %}{{ x }}{% else %}none{% endfor %}",
    "{% for x in range(3) %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }}{{ loop.depth }}{{ loop.depth0 }} {% endfor %}",
    "{% for x in l %}{{ loop.previtem }}<{{ x }}>{{ loop.nextitem }} {% endfor %}",
    "{% for x in l %}{{ loop.previtem is defined }}{{ loop.nextitem is undefined }}{% endfor %}",
    "{% for x in l %}{{ loop.cycle('a', 'b') }}{% endfor %}",
    "{% for x in [1, 1, 2] %}{{ loop.changed(x) }}{% endfor %}",
    "{% for x in l %}{{ loop.nope }}{% endfor %}", "{% for x in l %}{{ loop['index'] }}{% endfor %}",
    "{% for x in l %}{% for y in l %}{{ loop.index }}{% endfor %}{{ loop.index }};{% endfor %}",
    "{% for x in l %}{% if x == 1 %}{% continue %}{% endif %}{{ x }}{% endfor %}",
    "{% for x in l %}{% if x == 1 %}{% break %}{% endif %}{{ x }}{% else %}e{% endfor %}",
    "{% for x in l %}{% for y in l %}{% break %}{% endfor %}{{ x }}{% endfor %}",
    "{% break %}", "{% continue %}", "{% for x in [1] %}{% macro m() %}{% break %}{% endmacro %}{% endfor %}",
    "{% for x in nest recursive %}{% if x is number %}{{ x }}{% else %}[{{ loop(x) }}]{% endif %}{% endfor %}",
    "{% for x in nest recursive %}{{ loop.depth }}{% if x is iterable %}({{ loop(x) }}){% endif %}{% endfor %}",
    "{% for x in l %}{{ loop(l) }}{% endfor %}",
    "{% for x in l %}{% endfor %}{{ x }}", "{% for x in l %}{{ x }}{% endfor %}{{ loop }}",
    "{% set x = 1 %}{% for y in l %}{% set x = x + 1 %}{{ x }}{% endfor %}{{ x }}",
    "{% for y in l %}{{ x }}{% set x = y %}{{ x }}{% endfor %}",
    "{% set x = 5 %}{% for x in l %}{{ x }}{% endfor %}{{ x }}",
    "{% for x in x %}{% endfor %}", "{% set x = [1] %}{% for x in x %}{{ x }}{% endfor %}",
    "{% if t %}{% set x = 1 %}{% endif %}{{ x }}", "{% if not t %}{% set x = 1 %}{% endif %}{{ x }}",
    "{% if t %}{% set a = 1 %}{% endif %}{{ a }}", "{% for q in l %}{% if q == 1 %}{% set s = 'in' %}{% endif %}{{ s }} {% endfor %}{{ s }}",
    "{% set a, b = 1, 2 %}{{ a }}{{ b }}", "{% set a, b = [1] %}", "{% set (a, b) = (1, 2) %}{{ a + b }}",
    "{% set x = 1, 2 %}{{ x }}", "{% set x %}a{{ a }}{% endset %}{{ x }}|{{ x | length }}",
    "{% set x | upper %}abc{% endset %}{{ x }}", "{% set x | trim | replace('b', 'c') %} abc {% endset %}{{ x }}",
    "{% set x %}{% set y = 1 %}{% endset %}{{ y }}", "{% set %}", "{% set x %}", "{% set 5 = 1 %}", "{% set none = 1 %}",
    "{% set x = %}", "{% set x y %}", "{% set m.x = 5 %}",
    "{% set ns = namespace(i=0) %}{% for x in l %}{% set ns.i = ns.i + x %}{% endfor %}{{ ns.i }}",
    "{% set ns = namespace() %}{{ ns.a is defined }}{% set ns.a = 1 %}{{ ns.a }}",
    "{% set ns = namespace(a=[]) %}{% set ns.a = ns.a + [1] %}{{ ns.a }}", "{% set zz.a = 1 %}",
    "{% set ns = namespace(x=1) %}{% set ns.x, y = 5, 6 %}{{ ns.x }}{{ y }}",
    "{% set ns = namespace(x=1) %}{% set ns.x %}b{% endset %}{{ ns.x }}",
    "{% macro m() %}x{% endmacro %}{{ m() }}{{ m() }}", "{% macro m(a, b=2) %}{{ a }}{{ b }}{% endmacro %}{{ m(1) }}{{ m(1, 3) }}{{ m(b=5, a=4) }}{{ m() }}",
    "{% macro m(a) %}{{ a }}{% endmacro %}{{ m(1, 2) }}", "{% macro m(a) %}{{ a }}{% endmacro %}{{ m(b=2) }}",
    "{% macro m(a) %}{{ a }}{% endmacro %}{{ m(1, a=2) }}", "{% macro m(a) %}{{ a is defined }}{% endmacro %}{{ m() }}",
    "{% macro m(a, b=a) %}{{ b }}{% endmacro %}{{ m(3) }}", "{% macro m(a=1, b) %}{% endmacro %}",
    "{% macro m() %}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m(1, 2, x=3) }}",
    "{% macro m() %}{{ x }}{% endmacro %}{% set x = 1 %}{{ m() }}", "{% macro m() %}{% set x = 5 %}{% endmacro %}{{ m() }}{{ x }}",
    "{% set x = 1 %}{% macro m() %}{{ x }}{% endmacro %}{% set x = 2 %}{{ m() }}",
    "{% macro f(n) %}{{ n }}{% if n > 0 %}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(3) }}",
    "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "{% macro m() %}  x  {% endmacro %}{{ m() | trim | length }}",
    "{% macro m(x) %}<{{ x }}>{% endmacro %}{{ l | map('string') | map('upper') | join }}{{ m(m(1)) }}",
    "{% macro m() %}[{{ caller() }}]{% endmacro %}{% call m() %}x{{ a }}{% endcall %}",
    "{% macro m() %}[{{ caller(1, 2) }}]{% endmacro %}{% call(x, y) m() %}{{ x }}-{{ y }}{% endcall %}",
    "{% macro m() %}x{% endmacro %}{% call m() %}y{% endcall %}", "{% macro m() %}{{ caller() }}{% endmacro %}{{ m() }}",
    "{% call 5 %}{% endcall %}", "{% macro m %}{% endmacro %}", "{% macro m(%}{% endmacro %}", "{% macro m(5) %}{% endmacro %}",
    "{% for x in l %}{% macro m() %}{{ x }}{% endmacro %}{{ m() }}{% endfor %}", "{{ m2() }}{% macro m2() %}{% endmacro %}",
    "{% macro m() %}x{% endmacro %}{{ m.name }}", "{% if t %}{% macro m() %}x{% endmacro %}{% endif %}{{ m() }}",
    "{% filter upper %}a{{ s }}b{% endfilter %}", "{% filter replace('a', 'b') | upper %}banana{% endfilter %}",
    "{% generation %}x{{ a }}{% endgeneration %}", "{% generation %}{% set x = 1 %}{% endgeneration %}{{ x }}",
    "{{ a }}{{ b }}{# x #}{{ f }}", "{{ 1 }}\n{{ 2 }}\n{% if t %}\n{{ 3 }}\n{% endif %}\n{{ 4 }}\n",
    "\t{% if t %}\tx\t{% endif %}\t\n", "a\n \t {%- if t %}x{% endif %}", "\u3000{%- if t %}x{% endif -%}\u2003y",
    "é{{ a }}世", "{{ 'é' }}{{ \"世\" }}", "{% set é = 1 %}{{ é }}", "{{ a ; b }}", "{{ a ! b }}", "{{ a & b }}", "{{ @ }}", "{{ ` }}",
    "{{ a) }}", "{{ (a} }}", "{{ [1, 2 }}", "{% for x in l %}", "{% for in l %}{% endfor %}", "{% for x l %}{% endfor %}",
    "{% for x in %}{% endfor %}", "{% for x.y in l %}{% endfor %}", "{% for x in l if %}{% endfor %}",
    "{% for x in (1 if t else 2), 3 %}{{ x }}{% endfor %}", "{% if (1, 2) %}t{% endif %}", "{% if 1, %}t{% endif %}",
    "{{ [x for x in l] }}", "{{ lambda: 1 }}", "{{ f(*l) }}", "{{ a == }}", "{{ a = 1 }}", "{{ not }}", "{{ is }}", "{{ in l }}",
    "{{ dict(a=1, a=2) }}", "{{ m.get(key='x') }}", "{{ s.split(sep='o') }}", "{{ s.strip(chars='H') }}",
    "{% set g = l | select('gt', 1) %}{{ g | list }}{{ g | list }}", "{% set k = m.keys() %}{{ k | list }}{{ k | list }}",
    "{% set x = [1, [2, {'a': (3,)}]] %}{{ x }}{{ x | tojson }}", "{{ [1, 2] | map('string') | list }}",
    "{%- for x in l -%}\n  {{ x }}\n{%- endfor -%}\n", "{% for x in l -%}\n  {{ x }}\n{% endfor %}\n",
    "{{ a }}  \n  {%- if t %}\n  x\n  {%- endif %}\n\n", "{{ '\n' }}{% if t %}\n{% endif %}\n",
    "{% if t %}{{ 'x\n' -}}   \n {% endif %}y", "\n{% set x = 1 %}\n\n{{ x }}", "{% set x = 1 -%}\n\n{{ x }}",
    "{{ x is defined and x }}", "{{ messages[0] }}", "{{ messages[0].role }}", "{{ messages[-1]['role'] == 'user' }}",
]
