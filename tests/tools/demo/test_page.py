"""The demo's page: everything on it, nothing that is text taken for HTML."""

from html.parser import HTMLParser

from demo.page import DemoPage, Section, clock


class Reader(HTMLParser):
    """Collects the pictures, the text and the cells."""

    def __init__(self, path):
        super().__init__()
        self.images, self.cells, self.text, self.open = [], [], '', []
        self.feed(path.read_text(encoding='utf-8'))

    def handle_starttag(self, tag, attributes):
        self.open.append(tag)
        if tag == 'img':
            self.images.append(dict(attributes)['src'])

    def handle_data(self, data):
        self.text += data
        if self.open and self.open[-1] in ('td', 'th'):
            self.cells.append(data.strip())


def test_numbers_pictures_and_times_are_on_the_page(tmp_path):
    path = tmp_path / 'index.html'
    scores = Section(
        title='Scores',
        note='a < b',
        image='images/scores.png',
        alt='chart',
        table=[['top-1, %', 'seed 0'], ['pre-trained', '40.0']],
    )
    gallery = Section(title='Gallery', note='b', image='images/gallery.png', alt='rows', wide=True)
    DemoPage(
        result='It helped.',
        notice='',
        story='less < more',
        sections=[scores, gallery],
        settings=[['', 'pre-training'], ['epochs', '10']],
        times={'pre-training': 61.2, 'rendering': 3.0},
        times_note='d',
    ).write(path)
    page = Reader(path)
    assert page.images == ['images/scores.png', 'images/gallery.png']
    for text in ('It helped.', 'less < more', 'a < b', 'Gallery'):
        assert text in page.text, text
    for cell in ('pre-trained', '40.0', 'epochs', '10', '1:01', '1:04'):
        assert cell in page.cells, cell


def test_a_notice_stands_out(tmp_path):
    path = tmp_path / 'index.html'
    DemoPage(
        result='r', notice='A <smoke> run.', story='s', sections=[], settings=[['', 'a']],
        times={}, times_note='t',
    ).write(path)  # fmt: skip
    assert '<strong>A &lt;smoke&gt; run.</strong>' in path.read_text()


def test_clock_rounds_to_seconds():
    assert [clock(s) for s in (0, 59.6, 61, 3600)] == ['0:00', '1:00', '1:01', '60:00']
