"""Writes imresize.json: the results of MATLAB's rgb2ycbcr and imresize for a small picture, computed
from their definitions with plain Python floats, independently of this project's code.

    python3 test/trainer/data/golden/imresize.py > test/trainer/data/golden/imresize.json
"""
import json, math

WIDTH, HEIGHT = 19, 26  # not multiples of any scale


def picture():
    """Returns RGB bytes from a formula that the test repeats."""
    return [[[(x * x * 7 + y * 13 + c * 50 + (x * y) % 11 * 9) % 256 for c in range(3)]
             for x in range(WIDTH)] for y in range(HEIGHT)]


def luma(rgb):
    """Returns the luma of rgb2ycbcr for uint8, rounded to uint8."""
    r, g, b = (v / 255 for v in rgb)
    return math.floor(16 + 65.481 * r + 128.553 * g + 24.966 * b + 0.5)


def cubic(x):
    x = abs(x)
    if x <= 1:
        return 1.5 * x**3 - 2.5 * x**2 + 1
    if x <= 2:
        return -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2
    return 0.0


def resize_line(line, size):
    """Resizes one line like imresize, with the weights of its `contributions` function."""
    scale = size / len(line)
    stretch = min(1.0, scale)
    width = 4 / stretch
    out = []
    for i in range(1, size + 1):
        u = i / scale + 0.5 * (1 - 1 / scale)
        left = math.floor(u - width / 2)
        taps = [(k, stretch * cubic(stretch * (u - k))) for k in range(left, left + math.ceil(width) + 2)]
        total = sum(w for _, w in taps)
        mirror = list(range(len(line))) + list(range(len(line) - 1, -1, -1))
        out.append(sum(w / total * line[mirror[(k - 1) % len(mirror)]] for k, w in taps))
    return out


def resize(plane, width, height):
    columns = [resize_line(list(column), height) for column in zip(*plane)]
    return [resize_line(list(row), width) for row in zip(*columns)]


def modcrop(plane, scale):
    return [row[: len(row) // scale * scale] for row in plane[: len(plane) // scale * scale]]


rgb = picture()
result = {"width": WIDTH, "height": HEIGHT, "scales": {}}
for scale in (2, 3, 4):
    width, height = WIDTH // scale, HEIGHT // scale
    y = modcrop([[luma(p) / 255 for p in row] for row in rgb], scale)
    small = resize(y, width, height)
    channels = [resize(modcrop([[p[c] for p in row] for row in rgb], scale), width, height) for c in range(3)]
    result["scales"][scale] = {
        "small": [round(v, 7) for row in small for v in row],
        "large": [round(v, 7) for row in resize(small, width * scale, height * scale) for v in row],
        "bytes": [[min(255, max(0, math.floor(v + 0.5))) for row in plane for v in row] for plane in channels],
    }
print(json.dumps(result))
