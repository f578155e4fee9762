"""The demo's page: everything on it, nothing that is text taken for HTML."""

from html.parser import HTMLParser

from mmcnx2.analysis.comparison import Arm
from mmcnx2.analysis.demo_page import DemoPage, clock


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
    DemoPage(
        pretrained=Arm('pre-trained', [40.0, 42.0]),
        scratch=Arm('from scratch', [12.0, 14.0]),
        notice='',
        story='less < more',
        scores_image='images/scores.png',
        scores_note='a',
        gallery_image='images/gallery.png',
        gallery_note='b',
        loss_image='images/loss.png',
        loss_note='c',
        settings=[('epochs', '10', '15')],
        times={'pre-training': 61.2, 'rendering': 3.0},
        times_note='d',
    ).write(path)
    page = Reader(path)
    assert page.images == ['images/scores.png', 'images/gallery.png', 'images/loss.png']
    assert 'Pre-training clearly helped: 41.0 % against 13.0 % top-1, +28.0 points.' in page.text
    assert 'less < more' in page.text
    for cell in ('41.0 ± 1.4', '40.0', '13.0 ± 1.4', 'epochs', '10', '15', '1:01', '1:04'):
        assert cell in page.cells, cell


def test_clock_rounds_to_seconds():
    assert [clock(s) for s in (0, 59.6, 61, 3600)] == ['0:00', '1:00', '1:01', '60:00']
