"""The same network, batch and update in PyTorch on the CPU: one epoch a line of input, one line of JSON a line of output."""

import json
import math
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_num_threads(1)
torch.set_num_interop_threads(1)


class Policy(nn.Module):
    def __init__(self, spec):
        super().__init__()
        first, second = spec["hidden"]
        self.enc1 = nn.Linear(spec["observationSize"], first)
        self.enc2 = nn.Linear(first, second)
        self.lstm = nn.LSTM(second, spec["lstm"])
        self.actor = nn.Linear(spec["lstm"], spec["actions"])
        self.critic = nn.Linear(spec["lstm"], 1)

    def forward(self, observations):
        x = F.relu(self.enc2(F.relu(self.enc1(observations))))
        x, _ = self.lstm(x)
        return self.actor(x), self.critic(x).squeeze(-1)


def load(policy, tensors):
    """Ours are [in, out]; PyTorch's are [out, in], with a second bias for the LSTM that is left at zero."""
    order = ["enc1.weight", "enc1.bias", "enc2.weight", "enc2.bias", "lstm.weight_ih_l0", "lstm.weight_hh_l0",
             "lstm.bias_ih_l0", "actor.weight", "actor.bias", "critic.weight", "critic.bias"]
    parameters = dict(policy.named_parameters())
    with torch.no_grad():
        for name, values in zip(order, tensors):
            target = parameters[name]
            rows = torch.tensor(values)
            target.copy_(rows.reshape(target.shape[1], target.shape[0]).T if target.dim() == 2 else rows)
        policy.lstm.bias_hh_l0.zero_()
        policy.lstm.bias_hh_l0.requires_grad_(False)


def blas():
    """The library that multiplies; Debian's package runs on the unoptimised reference one unless a better is installed."""
    torch.mm(torch.ones(8, 8), torch.ones(8, 8))
    with open("/proc/self/maps") as maps:
        loaded = maps.read()
    for name in ("openblas", "mkl_rt", "blis", "atlas"):
        if name in loaded:
            return name
    return "mkl" if torch.backends.mkl.is_available() else "reference BLAS"


def main():
    with open(sys.argv[1]) as file:
        sample = json.load(file)
    steps, sequences = sample["steps"], sample["sequences"]
    shaped = lambda name: torch.tensor(sample[name]).reshape(steps, sequences)
    observations = torch.tensor(sample["observations"]).reshape(steps, sequences, -1)
    actions, old_log_probs, returns = shaped("actions"), shaped("oldLogProbs"), shaped("returns")
    advantages = shaped("advantages")
    policy = Policy(sample["spec"])
    load(policy, sample["weights"])
    trained = [parameter for parameter in policy.parameters() if parameter.requires_grad]
    optimiser = torch.optim.Adam(trained, lr=sample["learningRate"], eps=1e-5)

    print(json.dumps({"version": torch.__version__, "blas": blas()}), flush=True)
    for _ in sys.stdin:
        wall, cpu = time.perf_counter(), time.process_time()
        logits, values = policy(observations)
        log_policy = F.log_softmax(logits, dim=-1)
        log_probs = log_policy.gather(-1, actions.unsqueeze(-1)).squeeze(-1)
        normalised = (advantages - advantages.mean()) / (advantages.std() + 1e-8)
        ratio = torch.exp(log_probs - old_log_probs)
        policy_loss = -torch.min(ratio * normalised, ratio.clamp(0.8, 1.2) * normalised).mean()
        entropy = -(log_policy.exp() * log_policy).sum(-1).mean()
        loss = policy_loss + 0.5 * F.mse_loss(values, returns) - 0.01 * entropy
        optimiser.zero_grad()
        loss.backward()
        norm = nn.utils.clip_grad_norm_(trained, 0.5)
        optimiser.step()
        loss_value, norm_value = loss.item(), norm.item()
        assert math.isfinite(loss_value)
        print(json.dumps({
            "wallMs": 1000 * (time.perf_counter() - wall),
            "cpuMs": 1000 * (time.process_time() - cpu),
            "totalLoss": loss_value,
            "gradientNorm": norm_value,
        }), flush=True)


main()
