#pragma once
// How an answer is announced, in the languages in which models answer; parts of regular
// expressions.

// "answer", as a noun.
#define IPW_ANSWER_WORD                                                                           \
  R"((?:\banswers?\b|\bantworte?n?\b|\blösung\b|\bréponse\b|\brespuestas?\b|\brisposta\b|)"       \
  R"(\bresposta\b|\bantwoord\b|\bodpowiedź\b|\bcevap\b|\bjawaban\b|\bsvaret?\b|ответ|відповідь|)" \
  R"(答案|答え|回答|解答|正解|答|정답|답|الإجابة|الجواب|إجابة|جواب|پاسخ|उत्तर|উত্তর|đáp án|)"       \
  R"(คำตอบ|תשובה|απάντηση))"

// The verb or sign between it and the value.
#define IPW_ANSWER_IS                                                                                \
  R"((?:\bis\b|\bwas\b|\bbe\b|\bequals\b|\bist\b|\blautet\b|\best\b|\bes\b|\bè\b|\bé\b|\badalah\b|)" \
  R"(是|为|為|は|은|는|هي|هو|है|হল|:|：|=))"
