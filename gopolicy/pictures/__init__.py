"""The image CNN on pictures: data, networks, Keras weights, training, views, transfer."""
