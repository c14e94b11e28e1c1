#pragma once
// The functions behind the table of tasks (generated_tasks.cpp), difficulty 1 to kDifficulties
// each. What is asked is drawn first, then put into words: the key never sees the wording.

#include "ipw/core/random.h"
#include "ipw/datasets/generated_tasks.h"

namespace ipw::datasets {

GeneratedQuestion look_up(core::Random& random, int difficulty);
GeneratedQuestion position(core::Random& random, int difficulty);
GeneratedQuestion extraction(core::Random& random, int difficulty);
GeneratedQuestion comparison(core::Random& random, int difficulty);
GeneratedQuestion addition(core::Random& random, int difficulty);
GeneratedQuestion subtraction(core::Random& random, int difficulty);
GeneratedQuestion sorting(core::Random& random, int difficulty);
GeneratedQuestion counting(core::Random& random, int difficulty);
GeneratedQuestion sentiment(core::Random& random, int difficulty);
GeneratedQuestion multiple_choice(core::Random& random, int difficulty);
GeneratedQuestion date(core::Random& random, int difficulty);
GeneratedQuestion unit(core::Random& random, int difficulty);
GeneratedQuestion two_steps(core::Random& random, int difficulty);

}  // namespace ipw::datasets
