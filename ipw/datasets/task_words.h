#pragma once
// The words that generated questions are made of: few, so that a small model can learn them all.

#include <string_view>

namespace ipw::datasets {

inline constexpr std::string_view kNames[] = {"Anna",  "Ben",    "Clara", "David", "Emma",  "Felix",
                                              "Greta", "Hugo",   "Ida",   "Jonas", "Klara", "Leo",
                                              "Mia",   "Nils",   "Olga",  "Paul",  "Rosa",  "Simon",
                                              "Tina",  "Viktor", "Wanda", "Yusuf", "Zoe",   "Omar"};
inline constexpr std::string_view kThings[] = {
    "pens",  "books",  "cups",   "coins",  "apples", "cards",  "keys",    "shoes",
    "boxes", "stones", "plates", "shirts", "lamps",  "chairs", "bottles", "tickets"};
inline constexpr std::string_view kColors[] = {"red",   "blue",  "green", "yellow",
                                               "black", "white", "brown", "orange"};
inline constexpr std::string_view kCities[] = {"Oslo",  "Lima",  "Cairo",  "Paris",
                                               "Delhi", "Tokyo", "Rome",   "Quito",
                                               "Bern",  "Accra", "Dublin", "Madrid"};
inline constexpr std::string_view kDays[] = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                             "Friday", "Saturday", "Sunday"};
inline constexpr std::string_view kVehicles[] = {"train", "bus", "car", "plane", "ship", "bicycle"};
inline constexpr std::string_view kMonths[] = {"January",   "February", "March",    "April",
                                               "May",       "June",     "July",     "August",
                                               "September", "October",  "November", "December"};
inline constexpr std::string_view kOrdinals[] = {"first", "second", "third",   "fourth",
                                                 "fifth", "sixth",  "seventh", "eighth"};

}  // namespace ipw::datasets
