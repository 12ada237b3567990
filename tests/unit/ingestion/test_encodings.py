"""Encodings: UTF-8 with faults, UTF-16 without a mark, Windows code pages in many languages."""

import pytest

from tests.readings import read_text

TEXTS = {
    "German": ("cp1252", "Prüfung der Größe; Büro; Änderung für Zölle"),
    "French": ("cp1252", "Vérifier les relevés à échéance n° 1; où est le reçu; l’été – 5 €"),
    "Spanish": ("cp1252", "Revisión del año; señal; ¿cuándo?"),
    "Portuguese": ("cp1252", "Revisão das operações; não; à tarde; três"),
    "Italian": ("cp1252", "Attività più urgente; perché; è già; così"),
    "Dutch": ("cp1252", "Financiën; coördinatie; reünie; één"),
    "Swedish": ("cp1252", "Kontroll av räkningar på måndag; översikt"),
    "Danish": ("cp1252", "Gennemgå fakturaer; bogføring; særlig"),
    "Finnish": ("cp1252", "Työpäivä; määrä; hyväksyntä"),
    "Icelandic": ("cp1252", "Þjónusta við viðskiptavini; ræða; öll"),
    "Polish": ("cp1250", "Księgowość; płatności; źródło; zamówień"),
    "Czech": ("cp1250", "Příprava účetní závěrky; měsíčních výkazů; žádost"),
    "Hungarian": ("cp1250", "Könyvelés; időbeosztás; főkönyv; űrlap"),
    "Romanian": ("cp1250", "Verificare facturi; plăţi întârziate; şedinţă"),
    "Croatian": ("cp1250", "Plaćanje računa; izvještaj; žalba; đak"),
    "Russian": ("cp1251", "Проверка счетов; оплата; отчёт"),
    "Greek": ("cp1253", "Έλεγχος τιμολογίων; πληρωμή"),
    "Turkish": ("cp1254", "Fatura kontrolü; müşteri görüşmesi; çalışma; değişiklik"),
    "Japanese": ("shift_jis", "請求書の確認; 月次決算; 会議の準備をする"),
    "Mac": ("mac_roman", "Vérifier les relevés à échéance; Trésorerie à été; ça"),
    "DOS": ("cp850", "Prüfung der Größe; Büro; Änderung für Zölle"),
}


@pytest.mark.parametrize("language", TEXTS)
def test_each_language_is_read_in_its_code_page(language: str) -> None:
    encoding, text = TEXTS[language]
    read = read_text(f'Task,Minutes\n"{text}",30\n'.encode(encoding))
    assert (read.texts, read.minutes) == ([text], 30)


@pytest.mark.parametrize("language", TEXTS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_each_language_is_read_in_unicode_with_and_without_a_mark(language: str, encoding: str) -> None:
    text = TEXTS[language][1]
    read = read_text(f'Task\tMinutes\r\n"{text}"\t30\r\n'.encode(encoding))
    assert (read.texts, read.minutes, read.messages) == ([text], 30, "")


@pytest.mark.parametrize("encoding", ["cp1252", "cp1254"])
def test_a_text_of_western_letters_is_no_text_of_a_neighbour(encoding: str) -> None:
    read = read_text("Tâche;Catégorie;Minutes\nRelevé à l'échéance;Trésorerie à été;1\n".encode(encoding))
    assert read.breakdown == {"Trésorerie à été": 1}


@pytest.mark.parametrize("bad", [b"B\xfcro", b"No\xebl"])
def test_a_single_foreign_byte_does_not_spoil_a_text_in_utf_8(bad: bytes) -> None:
    read = read_text("Tätigkeit;Minuten\nPrüfung der Größe;30\n".encode() + bad + b";15\n")
    assert read.texts == ["Prüfung der Größe", bad.decode("cp1252")]
    assert "damaged" in read.messages


def test_what_cannot_be_told_from_few_letters_is_said() -> None:
    read = read_text(b"Task,Minutes\nRev\xf5,30\n")
    assert "not certain" in read.messages
