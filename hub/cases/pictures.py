"""The figures of the reform as a picture, in both languages wherever Chinese characters can be shown."""

import io
from collections.abc import Mapping, Sequence
from typing import Final

from hub.cases.rules.supervision import MonthFigures
from hub.catalogue.model import Names

CHINESE: Final = (
    "Noto Sans CJK SC",
    "Source Han Sans SC",
    "Microsoft YaHei",
    "PingFang SC",
    "SimHei",
    "WenQuanYi Micro Hei",
)
"""Fonts with Chinese characters that readers' machines have; none comes with the hub."""
LATIN: Final = "DejaVu Sans"
BOXES: Final = "Last Resort High-Efficiency"
"""A box for every character, as wide as a Chinese one; both come with matplotlib."""
COLOURS: Final = 10
MARKERS: Final = "os^Dv*"
"""Colours come again after ten lines, with another marker. A label that began with "_" would not be shown."""
IN_A_COLUMN: Final = 20
ONCE_ONLY: Final = Names("once-only, % of materials", "免提交占比（%）")
MATERIALS: Final = Names("materials", "材料（份）")
ASKED: Final = Names("asked", "需交")
SPARED: Final = Names("spared", "免交")


def figures_picture(
    figures: Sequence[MonthFigures], names: Mapping[str, Names] | None = None, *, form: str = "svg"
) -> bytes:
    """Share of once-only 免提交 by month, a line for each matter, above the materials asked and spared; SVG or PNG.

    ``names`` are the matters' own. An SVG leaves its text to the fonts of whoever looks at it and has both languages; a
    PNG has English alone on a machine without a Chinese font.
    """
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    mpl.rcParams["svg.fonttype"] = "none"  # text stays text, in every SVG of this process
    chinese = _chinese_here()
    is_bilingual = form == "svg" or bool(chinese)
    families = [LATIN, *chinese, BOXES]

    def said(label: Names) -> str:
        return f"{label.en}  {label.zh}" if is_bilingual else label.en

    figure = Figure(figsize=(12, 7), layout="constrained")
    canvas = FigureCanvasSVG(figure) if form == "svg" else FigureCanvasAgg(figure)
    share, counts = figure.subplots(2, 1, sharex=True)
    months = sorted({each.month for each in figures})
    matters = sorted({each.matter for each in figures})
    for place, matter in enumerate(matters):
        by_month = {each.month: each.once_only_percent for each in figures if each.matter == matter}
        label = said((names or {}).get(matter, Names(matter, "")))
        percents = [by_month.get(month, float("nan")) for month in months]
        share.plot(months, percents, marker=MARKERS[place // COLOURS % len(MARKERS)], label=f" {label.rstrip()}")
    share.set_ylabel(said(ONCE_ONLY), fontfamily=families)
    share.set_ylim(0, 100)
    asked = [sum(each.asked for each in figures if each.month == month) for month in months]
    spared = [sum(each.spared for each in figures if each.month == month) for month in months]
    counts.bar(months, asked, label=said(ASKED))
    counts.bar(months, spared, bottom=asked, label=said(SPARED))
    counts.set_ylabel(said(MATERIALS), fontfamily=families)
    for axes in (share, counts):
        if axes.get_legend_handles_labels()[0]:
            beside = {"loc": "upper left", "bbox_to_anchor": (1, 1), "ncols": 1 + len(matters) // IN_A_COLUMN}
            legend = axes.legend(**beside, prop={"family": families, "size": "small"})
            for text in legend.get_texts():
                text.set_parse_math(parse_math=False)
    out = io.BytesIO()
    canvas.print_figure(out, format=form)
    return _for_any_reader(out.getvalue()) if form == "svg" else out.getvalue()


def _chinese_here() -> list[str]:
    """Those of the Chinese fonts that this machine has."""
    from matplotlib.font_manager import fontManager

    here = {font.name for font in fontManager.ttflist}
    return [name for name in CHINESE if name in here]


def _for_any_reader(svg: bytes) -> bytes:
    """The SVG with the fonts that its reader may have in place of boxes."""
    fonts = ", ".join(f"'{name}'" for name in CHINESE)
    return svg.replace(f"'{BOXES}'".encode(), f"{fonts}, sans-serif".encode())
