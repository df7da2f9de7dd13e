// Which answer a request to dtsd gets: /, /task/NAME, /metrics, /healthz. Reads only. A request
// whose Host is a name that is not this machine's is refused: a web page elsewhere could otherwise
// have its visitor's browser read from here (DNS rebinding).
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/page/page_frame.hpp"
#include "daemon/supervisor/task_view.hpp"

namespace dts {

struct WebRequest {
    std::string_view method;               ///< "GET"
    std::string_view target;               ///< "/task/shop?x=1", or absolute
    std::optional<std::string_view> host;  ///< the Host header
    bool needs_host = true;                ///< HTTP/1.1
};

struct WebAnswer {
    unsigned status = 200;
    std::string content_type;
    std::string body;
    std::vector<std::pair<std::string, std::string>> headers;
};

class WebSite {
  public:
    using Tasks = std::function<std::vector<const TaskView*>()>;

    /// Says what is wrong with the folder of tasks; "" when nothing is.
    using FolderProblem = std::function<std::string()>;

    /// Both are asked at each request. Of `facts`, all that changes is set for each answer; an
    /// empty host is this machine's name.
    WebSite(Tasks tasks, PageFacts facts, FolderProblem folder_problem = {});

    /// Also for HEAD: the answer to GET, whose body is not to be sent.
    WebAnswer answer(const WebRequest& request) const;
    /// For a request that could not be read as one.
    WebAnswer refusal(unsigned status, std::string_view title, std::string_view text) const;

  private:
    WebAnswer page(unsigned status, std::string body, const PageFacts& facts) const;
    PageFacts facts_now() const;

    Tasks tasks_;
    PageFacts facts_;
    FolderProblem folder_problem_;
};

/// Does `host` ("localhost:9464", "[::1]:9464", "db7.example.com") name this machine, called
/// `machine`? Addresses do: no name has to be resolved for them.
bool is_this_machine(std::string_view host, std::string_view machine);

}  // namespace dts
