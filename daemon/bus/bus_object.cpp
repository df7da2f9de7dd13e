#include "daemon/bus/bus_object.hpp"

#include <boost/asio/post.hpp>
#include <fmt/format.h>

#include "daemon/bus/bus.hpp"
#include "daemon/bus/bus_authority.hpp"
#include "daemon/bus/bus_task.hpp"
#include "lib/base/error.hpp"

namespace dts {

namespace {

constexpr const char* service = "org.dts.Manager1";
constexpr const char* path = "/org/dts/Manager1";
constexpr const char* interface = "org.dts.Manager1";
constexpr const char* no_such_task = "org.dts.Manager1.Error.NoSuchTask";
constexpr const char* failed = "org.dts.Manager1.Error.Failed";

}  // namespace

struct BusObject::Parts : std::enable_shared_from_this<BusObject::Parts> {
    Parts(boost::asio::io_context& loop, Supervisor& supervisor_, BusObjectOptions options_)
        : supervisor(supervisor_),
          options(std::move(options_)),
          bus(loop, options.bus_address, {[this] { come_up(); }, [this] { object.reset(); }}),
          authority(bus, {options.operators, options.trust_own_uid}) {}

    Supervisor& supervisor;
    const BusObjectOptions options;
    Bus bus;
    BusAuthority authority;
    BusSlot object;
    /// What was said last of each task: state and reason.
    std::map<std::string, std::pair<TaskState, std::string>> said;
    bool has_answer = false;  ///< of the bus, whether it gives the name
    bool has_complained = false;

    void say(const std::string& text) const {
        if (options.log) options.log(text);
    }

    void come_up() {
        sd_bus_slot* slot = nullptr;
        bus_check(sd_bus_add_object_vtable(bus.handle(), &slot, path, interface, vtable(), this),
                  "the object");
        object.reset(slot);
        const BusMessage call = bus.method_call("org.freedesktop.DBus", "/org/freedesktop/DBus",
                                                "org.freedesktop.DBus", "RequestName");
        constexpr std::uint32_t do_not_queue = 4;
        bus_check(sd_bus_message_append(call.get(), "su", service, do_not_queue), "asking");
        bus.call(call, [this](sd_bus_message* reply, const BusError* error) {
            has_answer = true;
            std::uint32_t answer = 0;
            constexpr std::uint32_t owner = 1;
            if (error == nullptr) sd_bus_message_read(reply, "u", &answer);
            if (answer == owner || std::exchange(has_complained, true)) return;
            say(fmt::format("the bus does not give the name {}: {}; going on without it", service,
                            error == nullptr ? "another process has it" : error->text));
        });
    }

    /// Signals: TaskStateChanged where state or reason are other ones, TaskRemoved.
    void changed(const std::string& task, const TaskView* view) {
        if (view == nullptr) {
            said.erase(task);
            emit("TaskRemoved", "s", task.c_str());
            return;
        }
        std::pair<TaskState, std::string> now(view->state, view->reason);
        const auto before = said.find(task);
        if (before != said.end() && before->second == now) return;
        const bool is_new = before == said.end();
        said[task] = std::move(now);
        if (is_new) emit("TaskAdded", "s", task.c_str());
        emit("TaskStateChanged", "sss", task.c_str(), std::string(name_of(view->state)).c_str(),
             bus_text(view->reason).c_str());
    }

    template <typename... Values>
    void emit(const char* member, const char* types, Values... values) {
        if (!bus.is_up()) return;
        sd_bus_emit_signal(bus.handle(), path, interface, member, types, values...);
        bus.pump();
    }

    // ---- calls ----

    static const sd_bus_vtable* vtable();

    /// A callback of sd-bus is C: nothing may be thrown through it.
    template <typename Call>
    static int answering(sd_bus_message* message, Call&& call) noexcept {
        try {
            call();
            return 1;
        } catch (const Error& error) {
            return sd_bus_reply_method_errorf(message, failed, "%s", error.what());
        } catch (const std::exception& error) {
            return sd_bus_reply_method_errorf(message, failed, "%s", error.what());
        }
    }
    static Parts& of(void* data) { return *static_cast<Parts*>(data); }

    static int list_tasks(sd_bus_message* message, void* data, sd_bus_error*) noexcept {
        return answering(message, [&] {
            const BusMessage reply = reply_to(message);
            bus_check(sd_bus_message_open_container(reply.get(), 'a', task_row_type), "replying");
            for (const TaskView* view : of(data).supervisor.tasks()) {
                append_task_row(reply.get(), *view);
            }
            bus_check(sd_bus_message_close_container(reply.get()), "replying");
            send(message, reply);
        });
    }

    static int get_task(sd_bus_message* message, void* data, sd_bus_error*) noexcept {
        return answering(message, [&] {
            const TaskView* view = of(data).wanted(message);
            if (view == nullptr) return;
            const BusMessage reply = reply_to(message);
            append_task(reply.get(), *view);
            send(message, reply);
        });
    }

    static int validate_task(sd_bus_message* message, void* data, sd_bus_error*) noexcept {
        return answering(message, [&] {
            const TaskView* view = of(data).wanted(message);
            if (view == nullptr) return;
            const auto problem = of(data).supervisor.validate(view->ini);
            const BusMessage reply = reply_to(message);
            bus_check(sd_bus_message_append(reply.get(), "bs", problem ? 0 : 1,
                                            bus_text(problem.value_or("")).c_str()),
                      "replying");
            send(message, reply);
        });
    }

    using Verb = void (Supervisor::*)(const std::string&, Supervisor::Done);
    template <Verb verb>
    static int act(sd_bus_message* message, void* data, sd_bus_error*) noexcept {
        return answering(message, [&] { of(data).authorized_act(message, verb); });
    }

    void authorized_act(sd_bus_message* message, Verb verb) {
        const TaskView* view = wanted(message);
        if (view == nullptr) return;
        const std::shared_ptr<sd_bus_message> call(sd_bus_message_ref(message),
                                                   sd_bus_message_unref);
        authority.ask(message, view->name,
                      [self = weak_from_this(), call, verb,
                       task = view->name](const std::optional<BusError>& refusal) {
                          const auto parts = self.lock();
                          if (!parts) return;
                          if (refusal) {
                              sd_bus_reply_method_errorf(call.get(), refusal->name.c_str(), "%s",
                                                         refusal->text.c_str());
                              return parts->bus.pump();
                          }
                          parts->perform(call, verb, task);
                      });
    }

    void perform(const std::shared_ptr<sd_bus_message>& call, Verb verb, const std::string& task) {
        (supervisor.*
         verb)(task, [self = weak_from_this(), call](const std::optional<std::string>& problem) {
            const auto parts = self.lock();
            // The connection may have gone meanwhile, and with it who asked.
            if (!parts || !parts->bus.is_up()) return;
            if (problem) {
                sd_bus_reply_method_errorf(call.get(), failed, "%s", bus_text(*problem).c_str());
            } else {
                sd_bus_reply_method_return(call.get(), "");
            }
            parts->bus.pump();
        });
    }

    /// The task that the call names; nullptr when it was answered that there is none.
    const TaskView* wanted(sd_bus_message* message) const {
        const char* name = nullptr;
        bus_check(sd_bus_message_read(message, "s", &name), "reading the task's name");
        const TaskView* view = supervisor.find(name);
        if (view == nullptr) {
            sd_bus_reply_method_errorf(message, no_such_task, "there is no task '%s'", name);
        }
        return view;
    }

    static BusMessage reply_to(sd_bus_message* message) {
        sd_bus_message* made = nullptr;
        bus_check(sd_bus_message_new_method_return(message, &made), "replying");
        return BusMessage(made);
    }
    static void send(sd_bus_message* call, const BusMessage& reply) {
        bus_check(sd_bus_send(sd_bus_message_get_bus(call), reply.get(), nullptr), "replying");
    }

    static int get_version(sd_bus*, const char*, const char*, const char*, sd_bus_message* reply,
                           void*, sd_bus_error*) noexcept {
        return sd_bus_message_append(reply, "s", DTS_VERSION);
    }
    static int get_backend(sd_bus*, const char*, const char*, const char*, sd_bus_message* reply,
                           void* data, sd_bus_error*) noexcept {
        return sd_bus_message_append(reply, "s",
                                     std::string(of(data).supervisor.backend_name()).c_str());
    }
};

const sd_bus_vtable* BusObject::Parts::vtable() {
    // Who may do what is decided here, so sd-bus asks for no capability.
    constexpr std::uint64_t open = SD_BUS_VTABLE_UNPRIVILEGED;
    static const sd_bus_vtable table[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_PROPERTY("Version", "s", get_version, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("Backend", "s", get_backend, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_METHOD_WITH_ARGS("ListTasks", SD_BUS_NO_ARGS, SD_BUS_RESULT("a(sssssdt)", tasks),
                                list_tasks, open),
        SD_BUS_METHOD_WITH_ARGS("GetTask", SD_BUS_ARGS("s", name),
                                SD_BUS_RESULT("a{sv}", properties), get_task, open),
        SD_BUS_METHOD_WITH_ARGS("ValidateTask", SD_BUS_ARGS("s", name),
                                SD_BUS_RESULT("b", valid, "s", problem), validate_task, open),
        SD_BUS_METHOD_WITH_ARGS("StartTask", SD_BUS_ARGS("s", name), SD_BUS_NO_RESULT,
                                act<&Supervisor::start>, open),
        SD_BUS_METHOD_WITH_ARGS("StopTask", SD_BUS_ARGS("s", name), SD_BUS_NO_RESULT,
                                act<&Supervisor::stop>, open),
        SD_BUS_METHOD_WITH_ARGS("RestartTask", SD_BUS_ARGS("s", name), SD_BUS_NO_RESULT,
                                act<&Supervisor::restart>, open),
        SD_BUS_SIGNAL_WITH_ARGS("TaskStateChanged", SD_BUS_ARGS("s", name, "s", state, "s", reason),
                                0),
        SD_BUS_SIGNAL_WITH_ARGS("TaskAdded", SD_BUS_ARGS("s", name), 0),
        SD_BUS_SIGNAL_WITH_ARGS("TaskRemoved", SD_BUS_ARGS("s", name), 0),
        SD_BUS_VTABLE_END};
    return table;
}

BusObject::BusObject(boost::asio::io_context& loop, Supervisor& supervisor,
                     BusObjectOptions options)
    : parts_(std::make_shared<Parts>(loop, supervisor, std::move(options))) {
    supervisor.listen(
        [parts = std::weak_ptr(parts_)](const std::string& task, const TaskView* view) {
            if (const auto self = parts.lock()) self->changed(task, view);
        });
}

BusObject::~BusObject() {
    close();
}

void BusObject::open() {
    try {
        parts_->bus.open();
        // When dtsd says that it is ready, it can be called.
        constexpr std::chrono::seconds patience{5};
        parts_->bus.serve_until([this] { return parts_->has_answer; }, patience);
    } catch (const Error& error) {
        parts_->say(fmt::format("{}; going on without org.dts.Manager1", error.text()));
    }
}

void BusObject::close() noexcept {
    parts_->object.reset();
    parts_->bus.close();
}

}  // namespace dts
