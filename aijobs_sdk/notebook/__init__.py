"""How do I see it? Panels that are live while a job or a batch runs, and tell the truth when the notebook is kept.

`snapshot` is what a job or a batch says of itself, `view` the same in words; a surface draws views: a widget, HTML, a
bar or lines. The hub looks at everything on show, some times a second. This room knows neither jobs nor batches: they
show themselves through `Watched`.
"""
