// Writes dts-task.ini(5) from the one table of keys, so that the manual and the program agree.
#include <fmt/format.h>

#include <iostream>

#include "lib/config/key_table.hpp"

namespace {

using namespace dts;

/// Text as roff takes it: nothing at a line's beginning is a request, hyphens can be copied.
std::string roff(std::string_view text) {
    std::string out;
    for (const char letter : text) {
        if (letter == '\\') {
            out += "\\e";
        } else if (letter == '-') {
            out += "\\-";
        } else {
            out += letter;
        }
    }
    if (!out.empty() && (out.front() == '.' || out.front() == '\'')) out.insert(0, "\\&");
    return out;
}

std::string_view scope_text(KeyScope scope) {
    switch (scope) {
        case KeyScope::any:
            return "";
        case KeyScope::mysql:
            return "MySQL and MariaDB";
        case KeyScope::pg:
            return "Postgres";
        case KeyScope::mongo:
            return "MongoDB";
        case KeyScope::snapshot:
            return "snapshots";
    }
    return "";
}

void print_key(const Key& key) {
    std::cout << ".TP\n.B " << roff(key.name) << '\n' << roff(key.help) << ".\n";
    const std::string allowed = allowed_values(key);
    if (!allowed.empty()) std::cout << "One of: " << roff(allowed) << ".\n";
    if (key.is_required) {
        std::cout << "Required.\n";
    } else if (!key.default_value.empty()) {
        std::cout << "Default: " << roff(key.default_value) << ".\n";
    }
    if (key.scope != KeyScope::any) std::cout << "For " << scope_text(key.scope) << " only.\n";
    if (!key.unbuilt_choices.empty()) {
        std::cout << "Not built yet: " << roff(key.unbuilt_choices) << ".\n";
    }
    if (key.status == KeyStatus::no_effect) std::cout << "Accepted, without effect.\n";
    if (key.status == KeyStatus::not_built) {
        std::cout << "Not built yet: any value but the default is refused.\n";
    }
}

constexpr std::string_view head = R"(.TH DTS\-TASK.INI 5 "" "dts )" DTS_VERSION R"(" "dts"
.SH NAME
dts\-task.ini \- settings of a data transfer task
.SH SYNOPSIS
.I /etc/dts/tasks.d/NAME.ini
.br
.I /etc/dts/dts.conf
.SH DESCRIPTION
Each file
.I NAME.ini
in
.I /etc/dts/tasks.d
describes one task, which is called NAME: letters, digits, \(aq\-\(aq, \(aq_\(aq and \(aq.\(aq.
.I /etc/dts/dts.conf
holds defaults for all of them, in the same sections; what the task's own file says wins.
.PP
Lines are
.RI [ section ]
or
.IR key = value ;
lines that begin with ; or # are comments. An empty value means the default. An unknown section or key
keeps the task from starting, and so does a value that is out of range: the message names file, line
and key.
.PP
.B dtsctl validate
.I FILE
checks a file before it is put in place.
.SH EXAMPLE
.nf
.RS
[extractor]
db_type=mysql
extract_type=cdc
url=mysql://dts@source.example:3306
password_file=${CREDENTIALS_DIRECTORY}/dts_source
server_id=2001

[sinker]
db_type=mysql
sink_type=write
url=mysql://dts@target.example:3306
password_file=${CREDENTIALS_DIRECTORY}/dts_target

[filter]
do_dbs=shop
do_events=insert,update,delete

[resumer]
resume_from_log=true
.RE
.fi
.PP
The passwords of this example are the files
.I source
and
.I target
in
.IR /etc/dts/credentials ,
which only root needs to be able to read.
)";

constexpr std::string_view tail = R"(.SH SEE ALSO
.BR dts (8),
.BR dts\-worker (8),
.BR dtsctl (1)
)";

}  // namespace

int main() {
    std::cout << head;
    for (const SectionHelp& section : section_table()) {
        std::cout << ".SH [" << roff(section.name) << "]\n" << roff(section.help) << ".\n";
        for (const Key& key : key_table()) {
            if (key.section == section.name) print_key(key);
        }
    }
    std::cout << tail;
    return std::cout.good() ? 0 : 1;
}
