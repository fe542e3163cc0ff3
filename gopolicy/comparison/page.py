"""How the report of a comparison looks: as an HTML page, and as Markdown beside its charts."""

import base64
from collections.abc import Mapping
from typing import Any

from jinja2 import Environment
from markupsafe import Markup

from gopolicy.evaluation.page import PAGE_STYLE

_EXTRA = """\
  body { max-width: 74rem; } td, th { padding: .3rem .6rem; font-size: .9rem; vertical-align: top; }
  .wide { overflow-x: auto; margin-bottom: 1rem; } td small { color: #69645c; }
  td b { font-weight: 500; white-space: nowrap; }
  .charts { grid-template-columns: repeat(auto-fit, minmax(30rem, 1fr)); }
  li { margin-bottom: .3rem; }
"""

_PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ title }}</title>
<style>
{{ style }}</style>
</head>
<body>
<h1>{{ title }}</h1>
<p>{{ method }}</p>
{%- if contrast %}
<h2>The same operation on the board and on pictures</h2>
<ul>
{%- for line in contrast %}
<li>{{ line }}</li>
{%- endfor %}
</ul>
{%- endif %}
{%- for group in groups %}
<h2>{{ group.title }}{% if several %} ({{ group.subject }}){% endif %}</h2>
<p>{{ group.question }}</p>
<ul>
{%- for line in group.findings %}
<li>{{ line }}</li>
{%- endfor %}
</ul>
<div class="wide"><table>
<tr>{% for name in group.header %}<th>{{ name }}</th>{% endfor %}</tr>
{%- for row in group.rows %}
<tr>{% for cell in row %}<td><b>{{ cell[0] }}</b>
{%- if cell[1] %}<br><small>{{ cell[1] }}</small>{% endif %}</td>{% endfor %}</tr>
{%- endfor %}
</table></div>
<div class="charts">
{%- for name in group.charts %}
<img src="data:image/png;base64,{{ data[name] }}" alt="{{ name }}">
{%- endfor %}
</div>
{%- endfor %}
<h2>How it was measured</h2>
<dl>
{%- for name, value in facts.items() %}
<dt>{{ name }}</dt><dd>{{ value }}</dd>
{%- endfor %}
</dl>
</body>
</html>
"""

_TEXT = """\
# {{ title }}

{{ method }}
{% if contrast %}
## The same operation on the board and on pictures

{% for line in contrast -%}
- {{ line }}
{% endfor %}
{%- endif %}
{%- for group in groups %}
## {{ group.title }}{% if several %} ({{ group.subject }}){% endif %}

{{ group.question }}

{% for line in group.findings -%}
- {{ line }}
{% endfor %}
| {{ group.header | join(" | ") }} |
|{% for name in group.header %}---|{% endfor %}
{% for row in group.rows -%}
| {% for cell in row %}{{ cell[0] }}{% if cell[1] %}<br>{{ cell[1] }}{% endif %} | {% endfor %}
{% endfor %}
{%- for name in group.charts %}
![{{ name }}]({{ name }})
{%- endfor %}
{% endfor %}
## How it was measured

{% for name, value in facts.items() -%}
- {{ name }}: {{ value }}
{% endfor %}"""


def as_page(view: Mapping[str, Any], charts: Mapping[str, bytes]) -> str:
    """Return what a report shows as an HTML page that holds the charts, PNG by name."""
    data = {name: base64.b64encode(png).decode() for name, png in charts.items()}
    style = Markup(PAGE_STYLE + _EXTRA)
    return Environment(autoescape=True).from_string(_PAGE).render(view, style=style, data=data)


def as_text(view: Mapping[str, Any]) -> str:
    """Return the same as Markdown that shows the charts by their names."""
    return Environment().from_string(_TEXT).render(view).rstrip() + "\n"
