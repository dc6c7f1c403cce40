//! What is wrong with the amounts of CPU, memory and accelerators that a task asks for.

use super::{Resources, accelerator::LATER};
use app::api::resources::{self, ResourcesAsked};

impl Resources {
    /// Amounts that are none, and requests above their limits, each in a sentence without its full stop. What a parameter says is passed over as
    /// long as it is not known.
    pub fn wrong_amounts(&self) -> Vec<String> {
        let known = |text: &Option<String>| text.as_ref().filter(|t| !t.is_empty() && !t.contains(LATER)).cloned();
        let gpu = self.accelerators().filter(|n| !n.contains(LATER)).map(str::to_owned);
        let limit = ResourcesAsked { cpu: known(&self.cpu_limit), memory: known(&self.memory_limit), gpu };
        let request = ResourcesAsked { cpu: known(&self.cpu_request), memory: known(&self.memory_request), gpu: None };
        let (most, least) = match (limit.resolve(resources::Resources::NONE), request.resolve(resources::Resources::NONE)) {
            (Ok(most), Ok(least)) => (most, least),
            (most, least) => {
                let why = |(_, why): (_, String)| why.trim_end_matches('.').to_owned();
                return most.err().into_iter().chain(least.err()).map(why).collect();
            }
        };
        let above = |what: &str, (asked, most): (i64, i64), request: &Option<String>, limit: &Option<String>| {
            let (request, limit) = (request.as_ref()?, limit.as_ref()?);
            (asked > most).then(|| format!("the request of {request} {what} is above the limit of {limit}"))
        };
        let cpu = above("CPU", (least.cpu_millis, most.cpu_millis), &request.cpu, &limit.cpu);
        let memory = above("memory", (least.memory_bytes, most.memory_bytes), &request.memory, &limit.memory);
        cpu.into_iter().chain(memory).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_are_looked_at_as_far_as_they_are_known() {
        let wrong = |cpu_request: &str, cpu_limit: &str| {
            let text = |t: &str| Some(t.to_owned()).filter(|t| !t.is_empty());
            Resources { cpu_request: text(cpu_request), cpu_limit: text(cpu_limit), ..Resources::default() }.wrong_amounts()
        };
        for (request, limit) in
            [("1", "1"), ("500m", ""), ("", "2"), ("{{$.inputs.parameters['c']}}", "1"), ("3", "{{$.inputs.parameters['c']}}")]
        {
            assert_eq!(wrong(request, limit), [""; 0], "{request} {limit}");
        }
        assert_eq!(wrong("2", "1"), ["the request of 2 CPU is above the limit of 1"]);
        assert!(wrong("lots", "1")[0].starts_with("\"lots\" is not an amount of CPU"));
        assert_eq!(wrong("lots", "-1").len(), 2);
    }
}
