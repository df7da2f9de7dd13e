// logs -f and watch: what goes on until somebody ends it.
#include <fmt/format.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <csignal>
#include <iostream>
#include <map>
#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include "daemon/dtsctl/dtsctl.hpp"
#include "daemon/dtsctl/log_follow.hpp"
#include "daemon/dtsctl/offline_tasks.hpp"
#include "lib/base/clock_text.hpp"
#include "lib/base/error.hpp"
#include "lib/base/utf8.hpp"

namespace dts::ctl {

namespace {

volatile std::sig_atomic_t is_ended = 0;

void end_at_signals() {
    struct sigaction action {};
    action.sa_handler = [](int) { is_ended = 1; };
    ::sigaction(SIGINT, &action, nullptr);
    ::sigaction(SIGTERM, &action, nullptr);
}

/// "TIME - LEVEL - [thread] - text" as one JSON object.
std::string json_of(std::string_view line) {
    std::string_view rest = line;
    const auto next = [&rest] {
        constexpr std::string_view separator = " - ";
        const auto part = rest.substr(0, rest.find(separator));
        rest.remove_prefix(std::min(part.size() + separator.size(), rest.size()));
        return part;
    };
    const auto time = next(), level = next(), thread = next();
    rapidjson::StringBuffer buffer;
    rapidjson::Writer<rapidjson::StringBuffer> json(buffer);
    const auto put = [&json](const char* key, std::string_view text) {
        json.Key(key);
        json.String(valid_utf8(text));
    };
    json.StartObject();
    if (parse_microsecond_text(time) && !thread.empty()) {
        put("time", time);
        put("level", level);
        put("message", rest);
    } else {
        put("message", line);
    }
    json.EndObject();
    return {buffer.GetString(), buffer.GetSize()};
}

/// Keys one by one, unseen; another screen that goes when it ends.
class WatchScreen {
  public:
    WatchScreen() {
        ::tcgetattr(STDIN_FILENO, &before_);
        termios raw = before_;
        raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
        ::tcsetattr(STDIN_FILENO, TCSANOW, &raw);
        std::cout << "\x1b[?1049h\x1b[?25l" << std::flush;
    }
    WatchScreen(const WatchScreen&) = delete;
    WatchScreen& operator=(const WatchScreen&) = delete;
    ~WatchScreen() {
        std::cout << "\x1b[?25h\x1b[?1049l" << std::flush;
        ::tcsetattr(STDIN_FILENO, TCSANOW, &before_);
    }

    static void show(const std::string& text) {
        // Line by line over what was there: it does not flicker.
        std::string painted = "\x1b[H";
        for (const char c : text) {
            if (c == '\n') painted += "\x1b[K";
            painted += c;
        }
        std::cout << painted << "\x1b[J" << std::flush;
    }

  private:
    termios before_{};
};

std::string head_of(std::size_t tasks) {
    return fmt::format("dts, {} tasks, {} UTC; q ends\n\n", tasks,
                       microsecond_text(now_us()).substr(0, 19));
}

int watch_on_screen(const Settings& settings, ControlClient& daemon) {
    const WatchScreen screen;
    for (;;) {
        while (const auto line = daemon.take_line()) {
            const auto tasks = shown_tasks(parse_answer(*line).result);
            WatchScreen::show(head_of(tasks.size()) + task_table(tasks, style_of(settings)));
        }
        pollfd wanted[] = {{daemon.fd(), POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}};
        ::poll(wanted, 2, -1);
        if (is_ended != 0) return ok;
        if ((wanted[1].revents & (POLLIN | POLLHUP)) == 0) continue;
        char key = 0;
        if (::read(STDIN_FILENO, &key, 1) <= 0 || key == 'q' || key == 'Q' || key == 4) return ok;
    }
}

/// A line for each task that shows something new.
int watch_as_lines(const Settings& settings, ControlClient& daemon) {
    std::map<std::string, std::string> shown;
    while (is_ended == 0 && std::cout) {
        const auto line = daemon.take_line();
        if (!line) {
            pollfd wanted{daemon.fd(), POLLIN, 0};
            ::poll(&wanted, 1, -1);
            continue;
        }
        const ControlAnswer answer = parse_answer(*line);
        if (settings.json) {
            std::cout << answer.result << std::endl;
            continue;
        }
        std::map<std::string, std::string> now;
        for (const ShownTask& task : shown_tasks(answer.result)) {
            now[task.view.name] = task_line(task);
        }
        const std::string time = microsecond_text(now_us()).substr(0, 19);
        for (const auto& [name, text] : now) {
            if (shown[name] != text) std::cout << time << ' ' << text << '\n';
        }
        for (const auto& [name, text] : shown) {
            if (!now.contains(name)) std::cout << time << ' ' << name << " is gone\n";
        }
        std::cout << std::flush;
        shown = std::move(now);
    }
    return ok;
}

}  // namespace

int logs(const Settings& settings, const std::string& task, std::size_t lines, bool follow) {
    std::filesystem::path folder = settings.places.log_root / task;
    std::string why;
    if (auto daemon = ControlClient::connect(settings.places.run_folder / "control.sock", &why)) {
        const ControlAnswer answer = daemon->ask({"task", task, ""});
        if (!answer.refusal) folder = task_view_of(answer.result).log_directory;
    } else {
        say_offline(settings, why);
    }
    if (!std::filesystem::exists(folder) && !read_offline_task(settings.places, task)) {
        say(fmt::format("there is no task '{}', HINT: dtsctl list shows those that there are",
                        task));
        return no_task;
    }
    LogFollow log(folder / "default.log", [&settings](std::string_view line) {
        std::cout << (settings.json ? json_of(line) : std::string(line)) << '\n';
    });
    log.show_end(lines);
    std::cout << std::flush;
    if (!follow) return ok;
    end_at_signals();
    while (is_ended == 0 && std::cout) {
        pollfd wanted{log.fd(), POLLIN, 0};
        if (::poll(&wanted, 1, -1) < 0) continue;
        log.show_more();
        std::cout << std::flush;
    }
    return ok;
}

int watch(const Settings& settings) {
    std::string why;
    auto daemon = ControlClient::connect(settings.places.run_folder / "control.sock", &why);
    if (!daemon) return say_no_daemon(settings, why);
    end_at_signals();
    daemon->send({"watch", "", ""});
    const bool on_screen =
        !settings.json && ::isatty(STDIN_FILENO) == 1 && ::isatty(STDOUT_FILENO) == 1;
    return on_screen ? watch_on_screen(settings, *daemon) : watch_as_lines(settings, *daemon);
}

}  // namespace dts::ctl
