"""Korean particles: which form follows a word depends on how its last syllable ends."""

# read as 영 일 이 삼 사 오 육 칠 팔 구: whether it ends in a consonant, and whether that is ㄹ
_DIGIT_FINAL = {
    "0": (True, False), "1": (True, True), "2": (False, False), "3": (True, False),
    "4": (False, False), "5": (False, False), "6": (True, False), "7": (True, True),
    "8": (True, True), "9": (False, False),
}  # fmt: skip
_LATIN_FINAL = {"l": (True, True), "m": (True, False), "n": (True, False), "r": (True, True)}
_UNIT_FINAL = {  # read as Korean words: 퍼센트, 도, 미터, 밀리미터, 켈빈, 유로
    "%": (False, False), "C": (False, False), "m": (False, False), "s": (False, False),
    "K": (True, False), "R": (False, False), "€": (False, False),
}  # fmt: skip


def with_particle(word: str, pair: str) -> str:
    """Return `word` with the right one of a `pair` of particles such as "은/는" or "으로/로".

    Args:
        word: ends in a Korean syllable, a digit, a unit or a Latin letter; a closing bracket or
            quotation mark at its end is looked through.
        pair: the form after a consonant, a slash, the form after a vowel.

    >>> with_particle("권취온도", "은/는"), with_particle("압연하중", "이/가")
    ('권취온도는', '압연하중이')
    >>> with_particle("뱅크 3", "을/를"), with_particle("코일 7", "으로/로")
    ('뱅크 3을', '코일 7로')
    """
    after_consonant, after_vowel = pair.split("/")
    consonant, liquid = _final(word)
    if after_consonant == "으로" and liquid:  # ㄹ takes 로 like a vowel
        return word + after_vowel
    return word + (after_consonant if consonant else after_vowel)


def _final(word: str) -> tuple[bool, bool]:
    """Return whether the last sound of `word` is a consonant, and whether it is ㄹ."""
    bare = word.rstrip(" )]}\"'’”」』.,")
    last = bare[-1:]
    if "가" <= last <= "힣":
        final = (ord(last) - ord("가")) % 28
        return final != 0, final == 8
    if last in _DIGIT_FINAL:
        return _DIGIT_FINAL[last]
    before = bare[-2:-1]
    if last in _UNIT_FINAL and not before.islower():
        return _UNIT_FINAL[last]
    return _LATIN_FINAL.get(last.lower(), (False, False))
