"""The whole report as one PDF.

The built pages become one document (`document`, `page`, `links`), which a browser prints twice (`browser`): the first print
tells on which pages the headings stand, the second says so in the contents (`numbered`). A site that carries the file offers
it on its front page (`offer`).

It needs the extra ``print``, and Chromium. Nothing here names a page: order and short titles are those of ``_toc.yml``.
"""
