// Which rules make rows of the source's kind of database rows of the target's.
#pragma once

#include "lib/config/task_config.hpp"
#include "lib/sink/table_binding.hpp"
#include "lib/sink/translation/value_translation.hpp"

namespace dts {

/// nullptr where both are of one kind, or nothing is written to a database.
inline TranslationRules translation_rules(const TaskConfig& config) {
    const DbType source = config.extractor.endpoint.db_type;
    if (config.sinker.sink_type != SinkType::write || config.sinker.db_type == source)
        return nullptr;
    return source == DbType::pg ? postgres_to_mysql : mysql_to_postgres;
}

}  // namespace dts
