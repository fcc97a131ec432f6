//! A sandbox: one small engine with one script in it.

use crate::watch::Watch;
use rapport_core::event::dialect::segment::PRINTED_BYTES_MAX;
use rapport_core::event::transform::script::Failure;
use rapport_core::time::Millis;
use rquickjs::context::{EvalOptions, intrinsic};
use rquickjs::{CatchResultExt, CaughtError, Context, Ctx, Function, Module, Persistent, Runtime};
use std::rc::Rc;

/// What is put up before the script is read.
const PRELUDE: &str = include_str!("prelude.js");
/// Memory a script may take, in bytes.
const MEMORY_MAX: usize = 16 << 20;
/// Stack it may take, in bytes; the thread's own is larger.
const STACK_MAX: usize = 512 << 10;

/// No typed arrays (nothing waits on another thread), no weak references, no clock.
type Parts = (
    intrinsic::Date,
    intrinsic::Eval,
    intrinsic::RegExpCompiler,
    intrinsic::RegExp,
    intrinsic::Json,
    intrinsic::MapSet,
    intrinsic::Promise,
);

/// Fields end in this order: functions before the context they live in.
pub(crate) struct Sandbox {
    run: Persistent<Function<'static>>,
    factory: Persistent<Function<'static>>,
    context: Context,
    runtime: Runtime,
}

impl Sandbox {
    /// Reads a script, and looks whether it has a function `transform`.
    pub fn open(code: &str, watch: &Rc<Watch>, budget_us: u64) -> Result<Sandbox, Failure> {
        let (runtime, context) = engine(watch).map_err(broken)?;
        watch.begin(budget_us);
        // Alone first: braces that close more than they opened would end what is put around it.
        {
            let (_alone, alone) = engine(watch).map_err(broken)?;
            alone.with(|ctx| {
                let read = Module::declare(ctx.clone(), "script", code);
                let read = read.map(|_| ()).catch(&ctx);
                read.map_err(|error| refused(&error))
            })?;
        }
        let (run, factory) = context.with(|ctx| {
            let run = eval(&ctx, "prelude", PRELUDE).map_err(|error| refused(&error))?;
            let wrapped = format!(
                "(function () {{ \"use strict\"; {code}\n\
                 return typeof transform === \"function\" ? transform : undefined; }})"
            );
            let factory = eval(&ctx, "script", &wrapped).map_err(|error| refused(&error))?;
            let made: Result<rquickjs::Value<'_>, _> = factory.call(());
            let made = made.catch(&ctx).map_err(|error| match watch.is_over() {
                true => Failure::Refused("its top level takes longer than it may".to_owned()),
                false => refused(&error),
            })?;
            if !made.is_function() {
                return Err(Failure::Refused(
                    "it has no `function transform(event)`".to_owned(),
                ));
            }
            Ok((Persistent::save(&ctx, run), Persistent::save(&ctx, factory)))
        })?;
        Ok(Sandbox {
            run,
            factory,
            context,
            runtime,
        })
    }

    /// Runs the script on an event.
    pub fn run(
        &self,
        item: &str,
        now: Millis,
        watch: &Watch,
        budget_us: u64,
    ) -> Result<Option<String>, Failure> {
        watch.begin(budget_us);
        self.context.with(|ctx| {
            let called: Result<Option<String>, rquickjs::Error> = (|| {
                let run = self.run.clone().restore(&ctx)?;
                let factory = self.factory.clone().restore(&ctx)?;
                run.call((factory, item, now.0 as f64, PRINTED_BYTES_MAX as u32))
            })();
            let said = called.catch(&ctx).map_err(|error| {
                let message = message(&error);
                if message.contains("out of memory") {
                    return Failure::Memory;
                }
                Failure::Threw(message)
            });
            if watch.is_over() {
                return Err(Failure::Overran);
            }
            match said? {
                None => Ok(None),
                Some(said) => match said.strip_prefix('=') {
                    Some(item) => Ok(Some(item.to_owned())),
                    None => Err(Failure::Result(said)),
                },
            }
        })
    }

    /// Whether the script left something to be done later, which never is.
    pub fn has_pending(&self) -> bool {
        self.runtime.is_job_pending()
    }
}

fn engine(watch: &Rc<Watch>) -> Result<(Runtime, Context), rquickjs::Error> {
    let runtime = Runtime::new()?;
    runtime.set_memory_limit(MEMORY_MAX);
    runtime.set_max_stack_size(STACK_MAX);
    let watch = Rc::clone(watch);
    runtime.set_interrupt_handler(Some(Box::new(move || watch.is_time_up())));
    let context = Context::custom::<Parts>(&runtime)?;
    Ok((runtime, context))
}

fn eval<'js>(ctx: &Ctx<'js>, name: &str, code: &str) -> Result<Function<'js>, CaughtError<'js>> {
    let mut options = EvalOptions::default();
    options.filename = Some(name.to_owned());
    options.strict = true;
    ctx.eval_with_options(code, options).catch(ctx)
}

fn broken(error: rquickjs::Error) -> Failure {
    Failure::Refused(format!("the engine does not start: {error}"))
}

fn refused(error: &CaughtError<'_>) -> Failure {
    Failure::Refused(message(error))
}

/// What was thrown, and the first place in the script it came from.
fn message(error: &CaughtError<'_>) -> String {
    match error {
        CaughtError::Error(error) => error.to_string(),
        CaughtError::Exception(exception) => {
            let message = exception.message().unwrap_or_default();
            let stack = exception.stack().unwrap_or_default();
            let place = stack.lines().find_map(|line| {
                let (_, place) = line.split_once("script:")?;
                let line = place.split([':', ')']).next()?;
                line.parse::<u32>().ok()
            });
            match place {
                Some(line) => format!("{message} (line {line})"),
                None => message,
            }
        }
        CaughtError::Value(value) => match value.as_string().and_then(|text| text.to_string().ok())
        {
            Some(text) => text,
            None => format!("threw {}", value.type_name()),
        },
    }
}
