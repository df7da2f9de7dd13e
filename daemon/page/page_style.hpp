// The style sheet and the script of the status page, inlined into each page.
#pragma once

#include <string_view>

namespace dts {

extern const std::string_view page_style;
/// Renews <main> every five seconds while the page is looked at, and says so when dtsd is silent.
extern const std::string_view page_script;

}  // namespace dts
