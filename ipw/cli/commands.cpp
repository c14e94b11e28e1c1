// The visible list of commands: adding one means a file and a row.
#include <array>

#include "ipw/cli/command.h"

namespace ipw::cli {
namespace {

constexpr std::array kCommands{
    Command{"profile", "Measure a model on a question set: answers, seconds, joules",
            "ipw profile --model model.gguf --dataset demo\n"
            "ipw profile --model model.gguf --dataset test.jsonl --sample 200 --seed 7\n"
            "ipw profile --resume runs/2026-11-21T09-30-00Z_model_demo\n",
            declare_profile},
    Command{"report", "Show the figures of one or more runs, with intervals",
            "ipw report RUN\n"
            "ipw report RUN --by task\n"
            "ipw report RUN1 RUN2 --json\n"
            "ipw report RUN --csv figures.csv\n"
            "ipw report RUN1 RUN2 --html page.html\n",
            declare_report},
    Command{"compare", "Compare two runs over the questions that both answered",
            "ipw compare RUN_A RUN_B\n"
            "ipw compare RUN_A RUN_B --json\n",
            declare_compare},
    Command{"plot", "Draw a figure of one or more runs for a paper",
            "ipw plot RUN1 RUN2 --figure accuracy-joules --out frontier.pdf\n"
            "ipw plot RUN --figure power --out power.svg --no-title\n"
            "ipw plot RUN --figure latency --out latency.csv\n",
            declare_plot},
    Command{"coverage", "Show which questions pools of models answer, beside a reference",
            "ipw coverage RUN_A RUN_B RUN_C --reference big.gguf\n"
            "ipw coverage answers.csv --reference gpt --pool local=phi,gemma --models models.csv\n"
            "ipw coverage correct.tsv --wide --columns question=id --complete --json\n",
            declare_coverage},
    Command{"savings", "Replay routers between models: energy, compute and cost saved",
            "ipw savings answers.csv --reference gpt --local phi,gemma\n"
            "ipw savings answers.csv --reference gpt --by dollars --accuracy 0.9 --json\n"
            "ipw savings --published routing_savings.csv\n",
            declare_savings},
    Command{"export", "Write the records of a run as CSV or JSONL",
            "ipw export RUN --format jsonl > records.jsonl\n"
            "ipw export RUN --format csv --out records.csv\n"
            "ipw export RUN --samples --out samples.csv\n",
            declare_export},
    Command{"dataset", "Generate questions, check a corpus, score what guessing gets",
            "ipw dataset generate --split train --seed 1 --count 1000000 --out corpus.jsonl\n"
            "ipw dataset check corpus.jsonl\n"
            "ipw dataset controls ipw-mini\n",
            declare_dataset},
    Command{"audit", "Say which figures of tables and runs do not follow from the others",
            "ipw audit runs/2026-11-21T09-30-00Z_model_demo\n"
            "ipw audit leaderboard.csv --samples 30\n"
            "ipw audit tables/*.csv --claims claims.csv --json\n",
            declare_audit},
    Command{"attribute", "Split a gain into the model's, the accelerator's and other shares",
            "ipw attribute ipw_by_year.csv\n"
            "ipw attribute grid.csv --step 'Qwen3-4B, M4 Max' --step 'Qwen3-32B, B200'\n"
            "ipw attribute runs/A runs/B runs/C runs/D --per joule --json\n",
            declare_attribute},
    Command{"history", "Follow models and accelerators through time: best, gain, doubling time",
            "ipw history ipw_by_year.csv\n"
            "ipw history runs/ --per joule --fail-if 'latest_ratio.high<1'\n",
            declare_history},
    Command{"gdp", "Weigh answers by what the work behind them is worth",
            "ipw gdp runs/A --columns category=task\n"
            "ipw gdp preds.tsv --wide --columns question=question_id,answer=answer\n"
            "ipw gdp scores.csv --weights value_added_bea\n",
            declare_gdp},
    Command{"gdi", "Compute a nation's capacity to answer: what binds it, what would gain most",
            "ipw gdi us\n"
            "ipw gdi us --print > mine.json\n"
            "ipw gdi mine.json --json\n",
            declare_gdi},
    Command{"energy", "Measure the joules of any program, or show this machine's power live",
            "ipw energy\n"
            "ipw energy -- sleep 10\n"
            "ipw energy --repeat 5 --idle 3 --json --out joules.json -- ./program --its-flags\n"
            "ipw energy --serve 127.0.0.1:9417\n"
            "ipw energy validate --meter wall.csv --run RUN\n"
            "ipw energy daemon --socket energy.sock\n",
            declare_energy},
    Command{"doctor", "Say what can be measured on this machine, and how to allow more",
            "ipw doctor\n"
            "ipw doctor --json\n",
            declare_doctor},
    Command{"models", "Fetch models, list those that are here, say what a file is",
            "ipw models list\n"
            "ipw models info ipw-s\n"
            "ipw models pull hf:ORG/REPO/FILE.gguf\n"
            "ipw models pull https://HOST/FILE.gguf --sha256 DIGEST\n",
            declare_models},
    Command{"servers", "Start and stop model servers on this machine",
            "ipw servers start llama-server --model ipw-s\n"
            "ipw servers start llama-server --model FILE.gguf -- --ctx-size 4096\n"
            "ipw servers status\n"
            "ipw servers stop llama-server\n",
            declare_servers},
    Command{"list", "List question sets, tasks, scorers, sensors, model schemes, figures and runs",
            "ipw list datasets\n"
            "ipw list runs\n",
            declare_list},
    Command{"completion", "Print a completion script for bash, zsh or fish",
            "source <(ipw completion bash)\n"
            "ipw completion fish > ~/.config/fish/completions/ipw.fish\n",
            declare_completion},
    Command{"help", "Show the help of a command, or the reference of all of them",
            "ipw help profile\n"
            "ipw help --markdown > commands.md\n",
            declare_help},
};

}  // namespace

std::span<const Command> commands() { return kCommands; }

}  // namespace ipw::cli
