"""Names of East Asia in Latin letters and in ideographs, for the three groups of a Person Name.

Hangul syllables are composed by arithmetic (Unicode 3.12), so their Revised Romanisation is three
table look-ups.  Hanja and Chinese names come from short tables of common characters.
"""

from __future__ import annotations

import unicodedata

_INITIAL = (
    "g", "kk", "n", "d", "tt", "r", "m", "b", "pp", "s", "ss", "", "j", "jj", "ch", "k", "t", "p",
    "h",
)  # fmt: skip
_MEDIAL = (
    "a", "ae", "ya", "yae", "eo", "e", "yeo", "ye", "o", "wa", "wae", "oe", "yo", "u", "wo", "we",
    "wi", "yu", "eu", "ui", "i",
)  # fmt: skip
_FINAL = (
    "", "k", "k", "k", "n", "n", "n", "t", "l", "k", "m", "l", "l", "l", "p", "l",
    "m", "p", "p", "t", "t", "ng", "t", "t", "k", "t", "p", "t",
)  # fmt: skip

# How the commonest family names are written by their bearers, which is seldom the official way.
_KOREAN_FAMILIES = {
    "김": ("Kim", "金"), "이": ("Lee", "李"), "박": ("Park", "朴"), "최": ("Choi", "崔"),
    "정": ("Jung", "鄭"), "강": ("Kang", "姜"), "조": ("Cho", "趙"), "윤": ("Yoon", "尹"),
    "장": ("Jang", "張"), "임": ("Lim", "林"), "한": ("Han", "韓"), "오": ("Oh", "吳"),
    "서": ("Seo", "徐"), "신": ("Shin", "申"), "권": ("Kwon", "權"), "황": ("Hwang", "黃"),
    "안": ("Ahn", "安"), "송": ("Song", "宋"), "류": ("Ryu", "柳"), "홍": ("Hong", "洪"),
}  # fmt: skip

_HANJA = {
    "영": "英", "철": "哲", "은": "恩", "수": "秀", "민": "敏", "지": "智", "현": "賢", "준": "俊",
    "성": "成", "진": "眞", "정": "貞", "희": "熙", "미": "美", "경": "京", "숙": "淑", "호": "浩",
    "상": "相", "우": "宇", "재": "在", "동": "東", "길": "吉", "훈": "勳", "석": "錫", "자": "子",
    "순": "順", "옥": "玉", "광": "光", "명": "明", "춘": "春", "서": "瑞", "예": "禮", "원": "源",
}  # fmt: skip

CHINESE_FAMILIES = (
    ("王", "Wang"), ("李", "Li"), ("张", "Zhang"), ("刘", "Liu"), ("陈", "Chen"), ("杨", "Yang"),
    ("赵", "Zhao"), ("黄", "Huang"), ("周", "Zhou"), ("吴", "Wu"), ("徐", "Xu"), ("孙", "Sun"),
    ("胡", "Hu"), ("朱", "Zhu"), ("高", "Gao"), ("林", "Lin"), ("何", "He"), ("郭", "Guo"),
    ("马", "Ma"), ("罗", "Luo"), ("欧阳", "Ouyang"), ("司马", "Sima"),
)  # fmt: skip
CHINESE_GIVEN = (
    ("小", "Xiao"), ("东", "Dong"), ("秀", "Xiu"), ("英", "Ying"), ("伟", "Wei"), ("芳", "Fang"),
    ("敏", "Min"), ("静", "Jing"), ("丽", "Li"), ("强", "Qiang"), ("磊", "Lei"), ("军", "Jun"),
    ("洋", "Yang"), ("勇", "Yong"), ("艳", "Yan"), ("杰", "Jie"), ("涛", "Tao"), ("明", "Ming"),
    ("超", "Chao"), ("兰", "Lan"), ("霞", "Xia"), ("平", "Ping"), ("刚", "Gang"), ("桂", "Gui"),
)  # fmt: skip


def korean(syllables: str) -> str:
    """Hangul in Latin letters, syllable by syllable (Revised Romanisation as used for names)."""
    out = []
    for syllable in syllables:
        index = ord(syllable) - 0xAC00
        if not 0 <= index < 11172:
            raise ValueError(f"{syllable!r} is not a Hangul syllable")
        initial, rest = divmod(index, 588)
        medial, final = divmod(rest, 28)
        out.append(_INITIAL[initial] + _MEDIAL[medial] + _FINAL[final])
    return "".join(out).capitalize()


def korean_name(family: str, given: str) -> str:
    """The three component groups of a Korean name that is known in Hangul.

    The ideographic group stays empty where the short table has no Hanja for a syllable.
    """
    latin, hanja = _KOREAN_FAMILIES.get(family, (korean(family), ""))
    ideographic = "".join(_HANJA.get(syllable, " ") for syllable in given)
    group = f"{hanja}^{ideographic}" if hanja and " " not in ideographic else ""
    return f"{latin}^{korean(given)}={group}={family}^{given}"


def half_width(kana: str) -> str:
    """Hiragana or katakana as half-width katakana, voicing marks apart (JIS X 0201)."""
    out = []
    for character in kana:
        if "ぁ" <= character <= "ゖ":
            character = chr(ord(character) + 0x60)
        out.append(_HALF_WIDTH.get(character, character))
    return "".join(out)


def _half_width_table() -> dict[str, str]:
    """Full-width katakana by their half-width form, from Unicode's own compatibility mapping."""
    single = {unicodedata.normalize("NFKC", chr(p)): chr(p) for p in range(0xFF66, 0xFF9E)}
    marks = {"ﾞ": "\u3099", "ﾟ": "\u309a"}
    table = dict(single)
    for full, half in single.items():
        for narrow, combining in marks.items():
            composed = unicodedata.normalize("NFC", full + combining)
            if len(composed) == 1:
                table[composed] = half + narrow
    return table


_HALF_WIDTH = _half_width_table()
