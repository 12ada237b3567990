"""The words that tell what kind of work a task is, by language: a table to be read and extended, without rules.

A word that ends with `*` stands for every word that begins so, one that also begins with `*` for every word that has
it anywhere, as compounds of German and Dutch have. All words are written without accents and in lower case, and two
words that belong together without the space between them: `jourfixe`. A word with a second sense that is no such work
is not listed: `atelier` and `taller` are also the workshop where machines are mended.
"""

MEETING, JUDGEMENT, RARE, DATA_ENTRY = "meeting", "judgement", "rare", "data_entry"
LOOKUP, REPORTING, MESSAGING, RULE_BASED, REPETITIVE = "lookup", "reporting", "messaging", "rule_based", "repetitive"

Words = dict[str, str]

MEETING_WORDS: Words = {
    "en": "*meeting* standup standups workshop* kickoff huddle townhall allhands retrospective* 1on1 offsite"
    " webinar* weeklysync teamsync dailysync dailyscrum catchup",
    "fr": "reunion* seance* visioconference* pointequipe",
    "de": "*besprechung* *sitzung *sitzungen termin termine kundentermin* gesprachstermin* *meeting* *workshop*"
    " jourfixe regeltermin* gesprach mitarbeitergesprach* personalgesprach* jahresgesprach*",
    "es": "reunion* videoconferencia*",
    "it": "riunione riunioni incontro incontri colloquio colloqui videoconferenza*",
    "pt": "reuniao reunioes encontro encontros videoconferencia*",
    "nl": "*vergadering* *overleg bijeenkomst* *bespreking*",
}
# With one of these, the task is about a meeting and not one: its minutes are written, its room is booked.
ABOUT_MEETING_WORDS: Words = {
    "en": "minutes notes schedule scheduling book booking room rooms invite* invitation* agenda* prepar* organise"
    " organize organising organizing plan transcri* summar*",
    "fr": "compte rendu salle* planifi* invit* convocation* ordre prepar* organis* reserv*",
    "de": "*protokoll* einlad* *raum *raume planen tagesordnung* vorbereit* organisieren buchen vereinbar* absag*"
    " verschieb*",
    "es": "acta actas sala salas planific* agend* invit* convoc* prepar* organiz* reserv*",
    "it": "verbale verbali sala sale pianific* invit* ordine prepar* organizz* prenot*",
    "pt": "ata atas sala salas agend* planej* convite* convoc* prepar* organiz* reserv*",
    "nl": "notulen *verslag* zaal ruimte plannen inplannen uitnod* agenda* voorbereid* organiser* reserver*",
}
JUDGEMENT_WORDS: Words = {
    "en": "decid* decision* negotiat* assess* judg* interview* hire hiring coach* mentor* strateg* design*"
    " brainstorm* investigat* apprais* escalat* complaint* fraud* dismiss*",
    "fr": "decid* decision* negoci* evalu* juger recrut* encadr* strateg* concev* conception* enquet* reclamation*"
    " fraud*",
    "de": "entscheid* verhandl* beurteil* bewert* bewerbung* *strateg* entwerf* konzept* reklamation* *beschwerde*"
    " betrug*",
    "es": "decid* decision* negoci* evalu* juzg* contratacion* entrevist* estrateg* disen* investig* reclamacion*"
    " fraud*",
    "it": "decid* decision* negozi* valut* giudic* assunzion* strateg* progett* indag* reclam* frod*",
    "pt": "decid* decisao decisoes negoci* avali* julg* contratacao entrevist* estrateg* projet* investig*"
    " reclamac* fraud*",
    "nl": "beslis* besluit* onderhandel* beoordel* sollicitat* *strateg* ontwerp* onderzoek* *klacht* fraude*",
}
DATA_ENTRY_WORDS: Words = {
    "en": "enter entry entries type typing key keying import* record* register* capture* fill* copy copying"
    " transfer* migrat* upload* scan* update updat* input digiti*",
    "fr": "saisi* enregistr* import* copi* transfer* numeris* rempli* complet* scann* mettre",
    "de": "*erfass* eingabe* eingeben eintrag* einlesen import* ubertrag* kopier* ausfull* scannen einscannen"
    " hochlad* anleg* *pflege",
    "es": "introduc* registr* import* copi* transfer* rellen* digitaliz* escane* carg*",
    "it": "inser* registr* import* copi* trasfer* compil* digitalizz* scansion* caric*",
    "pt": "inser* introduz* registr* registo* lanc* import* copi* transfer* preench* digitaliz*",
    "nl": "invoer* *registr* import* kopier* overzet* invull* scannen inboek* boeken",
}
LOOKUP_WORDS: Words = {
    "en": "search* look lookup find query quer* retriev* track* trac* research* monitor*",
    "fr": "recherch* consult* trouv* suivi suivre interrog*",
    "de": "such* recherch* nachschlag* abfrag* ermittlung nachverfolg* uberwach*",
    "es": "busc* consult* localiz* rastre* seguimiento",
    "it": "cerc* ricerc* consult* trov* rintracci* monitor*",
    "pt": "busc* procur* pesquis* consult* localiz* rastre*",
    "nl": "zoek* opzoek* raadpleg* opvrag* volgen",
}
REPORTING_WORDS: Words = {
    "en": "report* statistic* dashboard* summar* analys* analyz* forecast* presentation* minutes kpi kpis",
    "fr": "rapport* statisti* tableau* synthes* analys* prevision* bilan* reporting compte",
    "de": "*bericht* statisti* auswert* analys* *protokoll* prognos* prasentation* reporting *ubersicht*",
    "es": "informe informes estadistic* resum* anali* pronostic* cuadro acta actas",
    "it": "rapporto rapporti relazion* statisti* riepilog* analis* analizz* previsione previsioni report* verbale",
    "pt": "relatori* estatistic* resum* anali* previsao previsoes ata atas",
    "nl": "rapport* statisti* overzicht* analys* analiser* *verslag* prognos* notulen",
}
MESSAGING_WORDS: Words = {
    "en": "mail* email* phone* call calls calling remind* reminder* reply repl* answer* respon* notif* message*"
    " inform* letter* newsletter* send sending chat*",
    "fr": "courriel* mail* email* appel* telephon* relanc* rappel* repondre repons* notifi* message* informer"
    " envoi* envoy* courrier* lettre*",
    "de": "*mail *mails mailen anruf* telefon* *nachricht* antwort* beantwort* erinner* *mahnung* benachrichtig*"
    " informier* *brief *briefe senden versend* verschick* anschreib*",
    "es": "correo* email* llam* telefon* recordatori* respond* respuest* notific* mensaj* inform* envi* carta cartas",
    "it": "email* mail* chiam* telefon* sollecit* rispond* rispost* notific* messagg* informare invi* lettera lettere",
    "pt": "email* ligar liga* telefon* lembret* respond* respost* notific* mensag* informar envi* carta cartas",
    "nl": "mail* email* bellen telefo* herinner* *bericht* antwoord* beantwoord* melden informer* versturen"
    " verzend* brief",
}
RULE_BASED_WORDS: Words = {
    "en": "check* verif* validat* reconcil* match* compar* calculat* comput* sort* archiv* fil* approv* clos* pay*"
    " book* schedul* convert* invoice* complet* order* post* reset* review* handl* process*",
    "fr": "verifi* control* valid* rapproch* compar* calcul* tri* archiv* class* approuv* clotur* pay* factur*"
    " command* planifi* trait*",
    "de": "pruf* *prufung* *abstimm* abgleich* vergleich* berechn* sortier* archivier* ablag* freigab* freigeb*"
    " *abschluss* abschliess* zahl* buch* *rechnung* bestell* bearbeit* valid* planen",
    "es": "verific* revis* compro* valid* concili* compar* calcul* orden* archiv* aprob* cierr* cerr* pag* factur*"
    " pedid* programa* tramit* proces*",
    "it": "verific* controll* valid* riconcili* confront* calcol* ordin* archivi* approv* chiu* pag* fattur*"
    " prenot* elabor*",
    "pt": "verific* confer* valid* concili* compar* calcul* orden* arquiv* aprov* fech* pag* fatur* pedid* process*",
    "nl": "*controle* controler* valid* afstem* vergelijk* bereken* sorter* archiver* goedkeur* afsluit* betal*"
    " boek* *factu* bestel* verwerk* plannen",
}

# The first kind of which a task has a word is its kind.
WORDS_OF_KINDS: dict[str, Words] = {
    MEETING: MEETING_WORDS,
    JUDGEMENT: JUDGEMENT_WORDS,
    REPORTING: REPORTING_WORDS,
    MESSAGING: MESSAGING_WORDS,
    DATA_ENTRY: DATA_ENTRY_WORDS,
    LOOKUP: LOOKUP_WORDS,
    RULE_BASED: RULE_BASED_WORDS,
}
