"""Answers that mean no harm, though many mention or resemble what does, by name.

In `WRITTEN` texts every angle bracket outside of code means itself: whoever wrote it thought of no HTML. So in `NAMED`
texts, which name harmless elements: a reader that knows HTML takes them for these. `MARKED_UP` texts have harmless HTML
that is to work.
"""

# ruff: noqa: RUF001 - letters that resemble others are the point

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_PROSE = {
    "plain prose": "The quick brown fox jumps over the lazy dog. It was not amused, and said so; twice.",
    "paragraphs": "One thing.\n\nAnother, over\ntwo lines.\n\n\nA third.",
    "emphasis": "*One*, **two**, ***three***, _four_, __five__, ~~six~~ and snake_case_names * 2.",
    "headings": "# One\n\n## Two ##\n\nThree\n===\n\nFour\n---\n\n### Five: `code`",
    "lists": "- a\n- b\n  - c\n    1. d\n    2. e\n\n* f\n+ g\n\n10. h",
    "checkboxes": "- [ ] buy milk\n- [x] write tests",
    "quotes": "> Said one.\n>\n> > Said the other.\n\nAnd that was that.",
    "a table": "| Left | Right |\n|:-----|------:|\n| a \\| b | `c` |\n| **d** | 1 < 2 |",
    "rules": "a\n\n---\n\nb\n\n***\n\nc",
    "line breaks": "one  \ntwo\\\nthree",
    "links": (
        "[a](https://x.test/a?b=c&d=e#f), [b](/b 'title'), [c](<./with space>), [d]\n\n[d]: https://x.test/d \"D\""
    ),
    "images": "![a chart](https://x.test/chart.png 'Chart') and ![](b.png)",
    "autolinks": "See <https://x.test/a?b=c>, <mailto:me@x.test> and <me@x.test>, or https://x.test/<id>.",
    "footnotes": (
        "As shown[^1] and elsewhere[^note].\n\n[^1]: JavaScript: The Good Parts, 2008.\n[^note]: Data: see below."
    ),
    "escapes": "\\*no emphasis\\*, \\# no heading, \\[no link\\](x), 2\\. no list, \\\\ and \\`no code\\`.",
    "entities": "&copy; 2026 &mdash; AT&amp;T, R&D, &lt;b&gt; and &#x1F600; and a lone & and &nothing;",
    "emoji": "Done ✅ 👩‍👩‍👧 🇪🇺 ❤️ :tada: >:( <3 </3 :-<",
    "many scripts": "你好，世界。 Привет, мир! مرحبا بالعالم. नमस्ते। こんにちは「世界」 <- 안녕",
    "quotation marks": "“Double”, ‘single’, «guillemets», \"plain\", 'plain', <<German in a typewriter>> and ‹small›.",
    "typography": "10 °C … 20 °C – about ±5 % — x² ≤ y₃ → ∞, 5′ 3″",
    "soft hyphens and joiners": "Donau\u00addampf\u00adschiff, می\u200cخواهم, \ufeffbegins with a mark",
    "Windows lines": "# Title\r\n\r\nOne\r\ntwo\r\n\r\n- a\r\n- b\r\n",
    "a dialogue": "**User:** Hi!\n\n**Assistant:** Hello -- what can I do for you? <smiles>\n\n**User:** Nothing :>",
    "an empty text": "",
    "only blanks": " \n\n \n",
}

_BRACKETS = {
    "comparisons": "If a < b and c > d, or x <= y, or p >= q, then a << b and c >> d, and e <> f.",
    "comparisons without spaces": "If a<b and c>d, or x<=y, then i<n and n>i; p<k>r is a chain in some languages.",
    "comparisons of numbers": "1<2, 3>2, p<0.05, n>30, <5 % and >95 %",
    "a comparison at the end": "It holds while i<n",
    "a comparison at each line": "i<n\nand j<m\n\nwhile x<y\nso y>x",
    "a word in brackets": "So x <y> z, and then <foo bar> or <foo/bar>.",
    "elements that run, by name": (
        "Put it between <script> and </script>, never in <iframe></iframe> or \"<style>\" … \"</style>\"."
    ),
    "placeholders": (
        "Replace <your-name>, <YOUR_API_KEY> and <path/to/file> in `config.toml`; run deploy <env> "
        "[<region>]."
    ),
    "placeholders in a list": "1. git clone <repository>\n2. cd <folder>\n3. git checkout -b <branch>",
    "a placeholder with a value": "usage: tool --name=<name> --out=<file> <input>...",
    "generics": "A Map<String, List<Integer>> holds an Optional<T>; Vec<Box<dyn Fn(&str)>> holds functions.",
    "generics in a heading": "## From Promise<User> to Result<User, Error>",
    "generics in a table": "| Type | Use |\n|---|---|\n| List<T> | many |\n| Option<T> | one or none |",
    "C++ templates": (
        "Write std::vector<std::pair<int, int>> v; or std::cout << v.size() << std::endl; and include "
        "<iostream>."
    ),
    "arrows": "a <- b, a -> b, a <-> b, a <= b, a => b, a <=> b, <-- here, there -->, <== and ==>",
    "operators of Haskell": "Use f <$> x <*> y, p <|> q, a <> b, m >>= k, k =<< m, (<$), (<&>) and x <$ y.",
    "operators of R": "x <- c(1, 2); y <<- x; x |> f(); z = x %in% y; model <- lm(y ~ x)",
    "operators of F# and Elixir": "f << g, f >> g, x <| y, <<1, 2, 3>> and <<head, rest>>",
    "a redirection": "Run sort < in.txt > out.txt 2>&1, or cat <<EOF and <<<\"$word\", or diff <(a) <(b).",
    "an interval": "For x in ]0, 1[ or <0, 1>, and <x, y> the inner product, <n> its mean.",
    "HTML by name, in pairs": "Put it between <head> and </head>, and the rest between <body> and </body>.",
    "JSX by name": "The <App /> component renders <UserList> and <Header.Title>.",
    "an unfinished tag": "It begins with <a and never ends",
    "a comment that is none": "Write <!-- to begin a comment.\n\nAnd more text.",
    "headers of a mail": (
        "From: Ann Lee <ann@x.test>\nTo: \"Bo, Jr.\" <bo@x.test>\nMessage-ID: "
        "<1234.5678@mail.x.test>\nSubject: Hi"
    ),
    "a chat log": "<alice> hi\n<bob> hello, alice\n<alice> lol >.<",
    "a grammar": "<expr> ::= <term> | <expr> \"+\" <term>\n<term> ::= <digit>+",
    "a stack trace": (
        "  File \"<stdin>\", line 1, in <module>\nTypeError: '<' not supported between 'int' and 'str' "
        "<lambda>"
    ),
    "an address in memory": "<__main__.Foo object at 0x7f3a> and <class 'int'> and <Response [200]>",
    "an angry face": ">:[ and <:( and =< and >_< and <_<",
    "a log": "2026-11-26 [INFO] <worker-1> job=<none> took <1 ms; next in <10 s",
}  # fmt: skip

_MATHS = {
    "maths in a line": "For $a<b$ and $b<c$ we have $a<c$, and $|x| > 0 \\iff x \\neq 0$.",
    "maths in a block": "$$\n\\sum_{i<n} x_i \\le \\int_0^1 f(x)\\,dx\n$$",
    "maths in brackets": "\\(a < b\\) and \\[ \\begin{cases} 1 & x<0 \\\\ 2 & x>0 \\end{cases} \\]",
    "maths with bras and kets": (
        "$\\langle \\psi | \\phi \\rangle$, or <psi|phi>, with $P(A|B) = \\frac{P(A \\cap B)}{P(B)}$"
    ),
    "maths with many signs": "$f: A \\to B$, $x_{1}^{2}*y_{2}^{3}*z$, $\\{x \\mid x<y\\}$ & $a \\ll b$",
}

_MENTIONS = {
    "a scheme in prose": (
        "A javascript: URL runs code; so does vbscript:, and data: may too. Never link to javascript:void(0)."
    ),
    "a scheme at the start": "javascript: the good parts\n\ndata: the bad parts",
    "a scheme in brackets": "Some [links] (javascript: for one) and [others]: data: is another (data:text/html).",
    "a scheme in code": (
        "Block `javascript:alert(1)` and `data:text/html,<script>` and [`javascript:`](https://x.test/js)."
    ),
    "a list of data": "- data: 12 rows\n- javascript: 3 files\n- [data]: none",
    "handlers in prose": "Remove onclick=, onerror=alert(1) and onload= from what users write; style= too.",
    "a lesson about XSS": (
        "An attacker posts `<script>alert(1)</script>` or `<img src=x onerror=alert(1)>`. Escape `<` as `&lt;`:\n\n"
        "```python\nhtml.escape('<script>alert(1)</script>')  # &lt;script&gt;…\n```\n\nThen nothing runs."
    ),
    "a prompt about XSS": (
        "Write ten XSS payloads, such as ``<svg onload=`x`>``, and explain how a CSP with 'unsafe-inline' fails."
    ),
    "an injection of SQL": "SELECT * FROM t WHERE a <> '' OR 1=1; -- and x < y; DROP TABLE students;--",
    "paths of Windows": "C:\\Users\\<name>\\AppData\\new\\test, \\\\server\\share and %APPDATA%\\x",
    "paths and globs": "src/**/*.ts, ~/.ssh/config, file:///etc/hosts, a/b/../c and [a-z]*.{js,ts}",
    "regular expressions": "`^<([a-z]+)[^>]*>(.*?)</\\1>$` and (?<name>\\w+)(?<!x)(?=y)(?<=z)",
    "brackets of Markdown": "a[i](x), f[0]: 3, ](no link), [x]:y and ![ and !] and [[wiki]] and [a][b][c]",
    "lone backticks": "A ` here, and `` there, and it`s and it``s; `code` at last.",
    "backticks in code": "`` a`b ``, ``` `` ``` and `\\`",
}


def _code(language: str, code: str) -> str:
    return f"Like this:\n\n```{language}\n{code}\n```\n\nThat is all, if 1 < 2."


_CODE = {
    "code in HTML": _code("html", "<!doctype html>\n<body onload=\"go()\">\n\n<script src=x.js></script>\n</body>"),
    "code in JavaScript": _code("js", "box.innerHTML = `<img onerror=${x}>`;\nlocation = 'javascript:alert(1)'"),
    "code in TypeScript": _code("tsx", "const f = <T,>(x: T) => <Foo<T> onClick={() => alert(1)}>{x}</Foo>;"),
    "code in Python": _code("python", "if a<b and b>c:\n    print(f'<b>{a}</b>', \"</script>\")"),
    "code in C++": _code("cpp", "#include <vector>\nstd::vector<std::vector<int>> v;\nstd::cout << (a<b) << '\\n';"),
    "code in Rust": _code("rust", "fn f<'a, T: Into<String>>(x: &'a T) -> Option<Box<dyn Fn() -> T>> { None }"),
    "code in Java": _code("java", "Map<String, ? extends List<?>> m = new HashMap<>();"),
    "code in Haskell": _code("haskell", "main = (,) <$> getLine <*> getLine >>= print -- <|>"),
    "code in R": _code("r", "x <- read.csv('a.csv') |> subset(a<b)"),
    "code in a shell": _code("sh", "cat <<'EOF' > x.html\n<script>alert(1)</script>\nEOF\nsed 's/<[^>]*>//g' <x.html"),
    "code in SQL": _code("sql", "SELECT '<b>' || name FROM t WHERE a<>b AND c<5;"),
    "code in PHP": _code("php", "<?php echo \"<p onclick='x'>$name</p>\"; ?>"),
    "code in XML": _code("xml", "<?xml version=\"1.0\"?>\n<!DOCTYPE x>\n<x a='1'><![CDATA[<y>]]></x>\n<!-- z -->"),
    "code in JSON": _code("json", "{\"html\": \"<script>alert(1)<\\/script>\", \"url\": \"javascript:x\"}"),
    "code in SVG": _code("svg", "<svg xmlns=\"http://www.w3.org/2000/svg\" onload=\"x()\"><script>y()</script></svg>"),
    "code in CSS": _code("css", "a > b { background: url(javascript:x) } /* <style> */"),
    "code in LaTeX": _code("latex", "$a<b$ \\href{javascript:x}{y} % <script>"),
    "code in Markdown": "````markdown\n```html\n<script>alert(1)</script>\n```\n[x](javascript:y)\n````",
    "a diff": _code("diff", "--- a/x.html\n+++ b/x.html\n@@ -1,2 +1,2 @@\n-<script>\n+<b onclick=x>\n <p>"),
    "a conflict": _code("", "<<<<<<< HEAD\na<b\n=======\nb>a\n>>>>>>> branch"),
    "code in tildes": "~~~\n<iframe src=x></iframe>\n```\n~~~\n\nAfter.",
    "code by indenting": "Indented:\n\n    x = 1\n    y = [z](w)\n\nAfter.",
    "HTML by indenting": "Indented:\n\n    <div onclick=x>\n\n      <script>y</script>\n    </div>\n\nAfter.",
    "code in a list": (
        "1. Write:\n\n   ```html\n   <script>x</script>\n   ```\n\n2. Then:\n   ```\n   <b onclick=y>\n   "
        "```"
    ),
    "code in a quote": "> Try\n> ```html\n> <script>x</script>\n> ```\n> and see",
    "code that never ends": "It streams:\n\n```html\n<div onclick=x>\n  <script>alert(1)",
    "code spans": "`<script>`, ``<a onclick=`x`>``, `<!-- -->`, `a<b`, `[x](javascript:y)` and `&lt;`",
    "code spans in a table": "| Tag | Risk |\n|---|---|\n| `<script>` | high |\n| `<b>` | none |",
    "code spans with pipes": "`x|y`, `a || b`, `cat < x | sort` and\n`<b>`",
    "code between prose": "First:\n```\n<script>a\n```\nsecond:\n```\n</script>b\n```\nthird a < b.",
}  # fmt: skip

WRITTEN: Final[Mapping[str, str]] = {**_PROSE, **_BRACKETS, **_MATHS, **_MENTIONS, **_CODE}

NAMED: Final[Mapping[str, str]] = {
    "HTML by name": (
        "The <script> element runs code, <br> breaks a line, and <a> needs an href; avoid <font> and <center>."
    ),
    "key names": "Press <Ctrl>+<Alt>+<Del>, or <Esc>:wq<Enter> in Vim, with <leader>ff mapped.",
    "brackets and quotes": "say \"<hello>\" and '<b>' and (<c>) and [<d>] and {<e>}",
    "a comparison and a tag": "Make it <b>bold</b> where a<b and c>d.",
}

MARKED_UP: Final[Mapping[str, str]] = {
    "keys": "Press <kbd>Ctrl</kbd>+<kbd>C</kbd>, then H<sub>2</sub>O and x<sup>2</sup>.",
    "line breaks of HTML": "one<br>two<br/>three<br />four",
    "details": "<details>\n<summary>More</summary>\n\nHidden **text**, and `<script>`.\n\n</details>",
    "a table of HTML": '<table>\n<tr><th colspan="2">Head</th></tr>\n<tr><td>1 &lt; 2</td><td>b</td></tr>\n</table>',
    "marks": "<b>bold</b>, <em>em</em>, <mark>mark</mark>, <del>gone</del>, <ins>new</ins>, <u>u</u>, <small>s</small>",
    "an anchor": 'See <a href="https://x.test/a?b=c&amp;d=e" title="The docs">the docs</a>.',
    "an image of HTML": '<img src="https://x.test/a.png" alt="A chart" width="300">',
    "ruby": "<ruby>漢<rp>(</rp><rt>kan</rt><rp>)</rp></ruby>",
    "a list of definitions": "<dl>\n<dt>Term</dt>\n<dd>What it means</dd>\n</dl>",
    "a paragraph in the middle": '<p align="center">Centred</p>\n\nand not.',
    "details that are open": "<details open>\n<summary>More</summary>\n\nText\n\n</details>",
    "a title over two lines": '<abbr title="one\ntwo">12</abbr>',
}
