"""The cases in TensorFlow: steps as tf.function, with Keras' Adam or TensorFlow's own kernel for it."""

import os

import numpy
import problem

STEPS_AT_ONCE = 16


def start(threads):
    os.environ["KERAS_BACKEND"] = "tensorflow"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    global keras, tf
    import keras
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    tf.random.set_seed(0)


def version():
    return f"TensorFlow {tf.__version__}, Keras {keras.__version__}"


def variants(case):
    """Keras' Adam in a graph and compiled by XLA; TensorFlow's own kernel for Adam in a graph."""
    names = ["graph, Keras", "XLA, Keras", "graph, kernel"]
    return names if case.is_update or case.is_image else [*names, "graph, kernel, loop"]


def dropped(x, rate, noise, place):
    if rate == 0:
        return x
    return x * tf.reshape(noise[place], tf.shape(x)) if noise else tf.nn.dropout(x, rate)


def cross_entropy(logits, y):
    return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(y, logits))


def logistic(p, x, y, noise):
    return cross_entropy(tf.matmul(x, p[0]) + p[1], y) + 1e-4 * tf.nn.l2_loss(p[0])


def perceptron(rates):
    def loss(p, x, y, noise):
        for layer in range(len(p) // 2):
            x = dropped(x, rates[layer] if rates else 0, noise, layer)
            x = tf.nn.bias_add(tf.matmul(x, p[2 * layer]), p[2 * layer + 1])
            if layer < len(p) // 2 - 1:
                x = tf.nn.relu(x)
        return cross_entropy(x, y)

    return loss


def autoencoder(p, x, y, noise):
    hidden = tf.nn.softplus(tf.nn.bias_add(tf.matmul(x, p[0]), p[1]))
    mean, log_variance = tf.split(tf.nn.bias_add(tf.matmul(hidden, p[2]), p[3]), 2, axis=1)
    draw = noise[0] if noise else tf.random.normal(mean.shape)
    sample = mean + tf.exp(0.5 * log_variance) * draw
    hidden = tf.nn.softplus(tf.nn.bias_add(tf.matmul(sample, p[4]), p[5]))
    logits = tf.nn.bias_add(tf.matmul(hidden, p[6]), p[7])
    reconstruction = tf.reduce_sum(tf.nn.sigmoid_cross_entropy_with_logits(labels=x, logits=logits))
    divergence = -0.5 * tf.reduce_sum(1 + log_variance - mean * mean - tf.exp(log_variance))
    return (reconstruction + divergence) / x.shape[0]


def convolutional(rates):
    def loss(p, x, y, noise):
        x = dropped(x, rates[0], noise, 0)
        for stage in range(3):
            x = tf.nn.bias_add(tf.nn.conv2d(x, p[2 * stage], 1, "SAME"), p[2 * stage + 1])
            # The maximum is rectified, which is the same and a quarter of the work.
            x = tf.nn.relu(tf.nn.max_pool2d(x, 3, 2, "SAME"))
        x = tf.nn.relu(tf.nn.bias_add(tf.matmul(tf.reshape(x, [x.shape[0], -1]), p[6]), p[7]))
        return cross_entropy(tf.nn.bias_add(tf.matmul(dropped(x, rates[1], noise, 1), p[8]), p[9]), y)

    return loss


def reviews(p, x, y, noise):
    columns, values = x
    values = dropped(values, problem.IMDB_DROPOUT, noise, 0)
    logits = tf.reduce_sum(tf.gather(p[0], columns) * values, axis=1) + p[1]
    return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=tf.cast(y, tf.float32), logits=logits))


def loss_of(case):
    if case.is_image:
        return convolutional(case.rates or [0, 0])
    losses = {"logistic": logistic, "imdb": reviews, "vae": autoencoder}
    return losses.get(case.case) or perceptron(case.rates)


class Kernel:
    """Adam by TensorFlow's own kernel, which updates a variable in one pass; the form with epsilon-hat."""

    def __init__(self, case, parameters):
        self.case, self.parameters = case, parameters
        self.moments = [[tf.Variable(tf.zeros_like(p)) for p in parameters] for _ in range(2)]
        self.powers = [tf.Variable(beta) for beta in (0.9, 0.999)]

    def apply(self, gradients):
        for p, m, v, gradient in zip(self.parameters, *self.moments, gradients):
            tf.raw_ops.ResourceApplyAdam(
                var=p.handle, m=m.handle, v=v.handle, beta1_power=self.powers[0], beta2_power=self.powers[1],
                lr=self.case.alpha, beta1=0.9, beta2=0.999, epsilon=self.case.epsilon, grad=gradient,
            )  # fmt: skip
        for power, beta in zip(self.powers, (0.9, 0.999)):
            power.assign(power * beta)


class Trainer:
    """One run, from the start on."""

    def __init__(self, case, variant):
        self.case, self.position = case, 0
        self.at_once = STEPS_AT_ONCE if variant.endswith("loop") else 1
        is_compiled = variant.startswith("XLA")
        if case.is_update:
            arrays, self.gradient = [case.theta["theta"]], tf.constant(case.gradient)
        else:
            arrays, self.loss = case.inputs_first(), loss_of(case)
            convert = problem.image_rows if case.is_image else lambda x: x
            self.x = case.data(
                lambda x: tf.nest.map_structure(lambda part: tf.Variable(part, trainable=False), convert(x))
            )
            self.y = tf.constant(case.y)
            count = len(case.minibatches) // self.at_once * self.at_once
            groups = case.minibatches[:count].reshape(-1, self.at_once, case.minibatches.shape[1])
            self.groups = [tf.constant(group) for group in groups]
        self.parameters = [tf.Variable(array) for array in arrays]
        if "kernel" in variant:
            self.optimizer = Kernel(case, self.parameters)
        else:
            self.optimizer = keras.optimizers.Adam(case.alpha, epsilon=case.epsilon)
            self.optimizer.build(self.parameters)
        function = tf.function(jit_compile=is_compiled, autograph=False)
        if case.is_update:
            self.call = function(lambda: self.optimizer.apply([self.gradient]))
        else:
            self.checked = function(self.step)
            self.call = function(self.several if self.at_once > 1 else lambda group: self.step(group[0], []))

    def step(self, chosen, noise):
        x = tf.nest.map_structure(lambda part: tf.gather(part, chosen), self.x)
        with tf.GradientTape() as tape:
            cost = self.loss(self.parameters, x, tf.gather(self.y, chosen), noise)
        gradients = tape.gradient(cost, self.parameters)
        self.optimizer.apply([tf.convert_to_tensor(gradient) for gradient in gradients])
        return cost

    def several(self, group):
        def body(i, _):
            return i + 1, self.step(group[i], [])

        return tf.while_loop(lambda i, _: i < self.at_once, body, (0, 0.0), parallel_iterations=1)[1]

    def run(self, steps):
        calls = -(-steps // self.at_once)
        for _ in range(calls):
            if self.case.is_update:
                self.call()
            else:
                group = self.groups[self.position]
                self.position = (self.position + 1) % len(self.groups)
                self.call(group)
        return calls * self.at_once

    def last_cost(self):
        """That of the last of several steps in one call, from the start."""
        return float(self.call(self.groups[0])), "adam_epsilon_hat"

    def costs(self, steps):
        found = numpy.zeros(steps)
        start = self.parameters[0].numpy().astype(numpy.float64)
        for step in range(steps):
            if self.case.is_update:
                self.call()
                moved = numpy.sqrt(numpy.mean((self.parameters[0].numpy().astype(numpy.float64) - start) ** 2))
                found[step] = moved / (self.case.alpha * (step + 1))
                continue
            noise = self.case.step_noise(step)
            if self.case.is_image and noise:
                noise[0] = problem.image_rows(noise[0])
            found[step] = self.checked(tf.constant(self.case.minibatches[step]), [tf.constant(part) for part in noise])
        return found, "adam_epsilon_hat"
