"""sb3-contrib's RecurrentPPO on an environment that costs nothing: steps per second, as a JSON line."""

import json
import sys
import time

import gymnasium
import numpy
import sb3_contrib
import torch

steps, rollout, epochs = (int(word) for word in sys.argv[1:4])
torch.set_num_threads(2)


class Free(gymnasium.Env):
    """Seven numbers, five actions, episodes of ten steps; nothing is simulated."""

    observation_space = gymnasium.spaces.Box(-1, 1, (7,), numpy.float32)
    action_space = gymnasium.spaces.Discrete(5)

    def __init__(self):
        self.seen = numpy.zeros(7, numpy.float32)
        self.t = 0

    def reset(self, *, seed=None, options=None):
        self.t = 0
        return self.seen, {}

    def step(self, action):
        self.t += 1
        return self.seen, float(action == 2), False, self.t >= 10, {}


policy = {"net_arch": [64, 64], "activation_fn": torch.nn.ReLU, "lstm_hidden_size": 256, "n_lstm_layers": 1}
model = sb3_contrib.RecurrentPPO(
    "MlpLstmPolicy", Free(), n_steps=rollout, batch_size=128, n_epochs=epochs, seed=1, device="cpu", policy_kwargs=policy
)
model.learn(rollout)
start = time.perf_counter()
model.learn(steps, reset_num_timesteps=False)
seconds = time.perf_counter() - start
print(json.dumps({"version": sb3_contrib.__version__, "stepsPerSecond": steps / seconds}))
